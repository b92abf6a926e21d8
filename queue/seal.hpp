#pragma once

#include <cstdint>
#include <string_view>

#include "queue/block_header.hpp"
#include "queue/byte_buffer.hpp"

namespace pgmirror::queue {

/// What a segment's last block says about the whole segment; kept up to date while the segment grows.
struct SegmentTotals {
  std::uint64_t commits = 0;
  std::uint64_t changes = 0;
  std::uint64_t raw_bytes = 0;
  std::uint64_t blocks = 0;
  change::Position first;
  change::CommitTime first_time{};
  bool open_at_start = false;
  Outcome outcome = Outcome::none;  ///< of the transaction open at the start

  void count(const BlockHeader& block);
  bool operator==(const SegmentTotals&) const = default;
};

constexpr std::size_t seal_bytes = 64;

void append_seal(ByteBuffer& out, const SegmentTotals& totals);
/// Throws wire::Malformed.
SegmentTotals parse_seal(std::string_view bytes);

}  // namespace pgmirror::queue
