#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "change/transaction.hpp"

namespace pgmirror::queue {

enum class BlockKind : std::uint8_t { records = 1, seal = 2 };

/// What a block says about the transaction that was open at its start.
enum class Outcome : std::uint8_t { none, committed, abandoned };

/// Where a block is.
struct BlockPlace {
  std::uint64_t segment = 0;
  std::uint64_t offset = 0;
  auto operator<=>(const BlockPlace&) const = default;
};

/// The fixed first part of a block; fields as in FORMAT.md.
struct BlockHeader {
  static constexpr std::size_t size = 112;
  static constexpr std::uint32_t no_begin = 0xFFFFFFFFU;

  std::uint64_t checksum = 0;
  std::uint64_t salt = 0;
  std::uint64_t previous = 0;
  std::uint64_t synced_through = 0;
  std::uint32_t stored_bytes = 0;
  std::uint32_t raw_bytes = 0;
  std::uint32_t number = 0;
  BlockKind kind = BlockKind::records;
  bool compressed = false;
  bool defines_relations = false;
  bool open_at_end = false;
  Outcome outcome = Outcome::none;
  std::uint32_t commits = 0;
  std::uint32_t changes = 0;
  change::Position first;
  change::Position last;
  change::CommitTime first_time{};
  change::CommitTime last_time{};
  BlockPlace open;  ///< segment 0: no transaction is open at the start
  std::uint32_t last_begin = no_begin;

  bool open_at_start() const { return open.segment != 0; }
  std::uint64_t total_bytes() const { return size + stored_bytes; }
};

/// Lays the header out before `stored`, both in one piece of memory, and computes its checksums.
void encode(BlockHeader& header, std::span<char> header_and_stored);

/// Nothing if the header's own check fails.
std::optional<BlockHeader> decode(std::span<const char, BlockHeader::size> bytes);

/// Whether the checksum holds over header and stored bytes, which follow each other in `block`.
bool checksum_holds(std::span<const char> block);

}  // namespace pgmirror::queue
