#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "config/config.hpp"

namespace pgmirror::capture::postgres {

/// What a source keeps for one pgmirror because its queue has not got it yet: the server's own log behind the
/// replication slot, or the log of changes that triggers write.
struct RetainedLog {
  std::uint64_t bytes = 0;             ///< on the source's disk
  std::optional<std::uint64_t> limit;  ///< at which the server gives the slot up (max_slot_wal_keep_size)
  bool by_triggers = false;

  /// A sentence for whoever owns the disk, where there is so much that nobody reads it, apparently.
  std::optional<std::string> trouble_unread() const;
  /// The same where it is read: only what will be lost before long.
  std::optional<std::string> trouble_read() const;
};

/// From this size on it is worth a word.
inline constexpr std::uint64_t much_retained = std::uint64_t{256} << 20U;

/// On a connection of its own that is given some three seconds. Nothing where neither slot nor log was made yet, or on
/// a standby. Throws DatabaseError.
std::optional<RetainedLog> read_retained_log(const config::PostgresSource& settings);

}  // namespace pgmirror::capture::postgres
