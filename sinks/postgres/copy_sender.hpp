#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "libpq/connection.hpp"
#include "libpq/copy_stream.hpp"
#include "sinks/postgres/block_queue.hpp"
#include "sinks/postgres/copy_encoder.hpp"

namespace pgmirror::sinks::postgres {

/// Whether rows with the keys of a COPY stood there a moment ago, and were deleted in the same transaction.
enum class CopiedKeys : std::uint8_t { fresh, just_deleted };

/// Sends the blocks of one table inside the caller's transaction, with their odd values.
///
/// A connection that is copying can do nothing else, so now and then the COPY is ended, odd values are written, and
/// another begins. One thread.
class CopySender {
 public:
  CopySender(libpq::Connection& connection, const MirrorTable& table, const CopyEncoder& encoder,
             CopiedKeys keys = CopiedKeys::fresh);

  void send(const CopyBlock& block, OddValues&& odd);
  /// Everything is in the mirror, uncommitted. Returns the rows that the server counted. Throws DatabaseError.
  std::uint64_t finish();
  std::uint64_t odd_values() const { return odd_count_; }

 private:
  void begin();
  void end();

  libpq::Connection& connection_;
  const MirrorTable& table_;
  const CopyEncoder& encoder_;
  const CopiedKeys keys_;
  std::optional<libpq::CopyIn> copy_;
  std::vector<OddValues> odd_;
  std::size_t odd_bytes_ = 0;
  std::uint64_t odd_count_ = 0;
  std::uint64_t rows_ = 0;
};

}  // namespace pgmirror::sinks::postgres
