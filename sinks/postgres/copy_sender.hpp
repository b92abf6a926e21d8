#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sinks/postgres/block_queue.hpp"
#include "sinks/postgres/connection.hpp"
#include "sinks/postgres/copy_encoder.hpp"
#include "sinks/postgres/copy_stream.hpp"

namespace pgmirror::sinks::postgres {

/// Sends the blocks of one table inside the caller's transaction, with their odd values.
///
/// A connection that is copying can do nothing else, so now and then the COPY is ended, odd values are written, and
/// another begins. One thread.
class CopySender {
 public:
  CopySender(Connection& connection, const MirrorTable& table, const CopyEncoder& encoder);

  void send(const CopyBlock& block, OddValues&& odd);
  /// Everything is in the mirror, uncommitted. Returns the rows that the server counted. Throws DatabaseError.
  std::uint64_t finish();
  std::uint64_t odd_values() const { return odd_count_; }

 private:
  void begin();
  void end();

  Connection& connection_;
  const MirrorTable& table_;
  const CopyEncoder& encoder_;
  std::optional<CopyIn> copy_;
  std::vector<OddValues> odd_;
  std::size_t odd_bytes_ = 0;
  std::uint64_t odd_count_ = 0;
  std::uint64_t rows_ = 0;
};

}  // namespace pgmirror::sinks::postgres
