#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "config/config.hpp"

namespace pgmirror::tests {

/// What holds in every state that a bank with a ledger and counters was ever in.
struct LedgerTruth {
  std::int64_t total = 0;   ///< of all balances
  std::int64_t tables = 0;  ///< that are mirrored
};

/// Reads the mirror of such a bank again and again, each time in one snapshot, and notes what no state of it ever was.
///
/// Looks at a mirror whose copy is complete: a checkpoint behind which no table was copied. Counters and checkpoint may
/// go back only where the server itself forgot its last commits in a crash: the watch's own connection breaks then. A
/// thread of its own from construction to destruction; the functions may be called from any.
class LedgerWatch {
 public:
  LedgerWatch(config::ConnectionSettings mirror, const LedgerTruth& truth);

  /// One line a wrong snapshot.
  std::vector<std::string> faults() const;
  /// Complete snapshots seen.
  std::uint64_t snapshots() const;
  /// Highest number of the ledger in the last one.
  std::int64_t last_number() const;

 private:
  void watch(const std::stop_token& stop);
  /// Returns when `stop` is requested; throws when the connection breaks.
  void follow(const std::stop_token& stop);

  config::ConnectionSettings mirror_;
  const LedgerTruth truth_;
  mutable std::mutex mutex_;
  std::vector<std::string> faults_;
  std::uint64_t snapshots_ = 0;
  std::int64_t last_number_ = 0;
  std::jthread thread_;
};

}  // namespace pgmirror::tests
