#include "queue/block_header.hpp"

#include <xxhash.h>

#include "queue/wire.hpp"

namespace pgmirror::queue {
namespace {

constexpr std::size_t checked_from = 8;
constexpr std::size_t header_check_at = 108;
constexpr unsigned defines_flag = 1;
constexpr unsigned open_flag = 2;

std::uint32_t header_check(const char* header) {
  return static_cast<std::uint32_t>(XXH3_64bits(header + checked_from, header_check_at - checked_from));
}

std::int64_t microseconds(change::CommitTime time) { return time.time_since_epoch().count(); }

change::CommitTime time_at(const char* at) {
  return change::CommitTime{std::chrono::microseconds{wire::load<std::int64_t>(at)}};
}

}  // namespace

void encode(BlockHeader& header, std::span<char> block) {
  char* out = block.data();
  wire::store(out + 8, header.salt);
  wire::store(out + 16, header.previous);
  wire::store(out + 24, header.synced_through);
  wire::store(out + 32, header.stored_bytes);
  wire::store(out + 36, header.raw_bytes);
  wire::store(out + 40, header.number);
  out[44] = static_cast<char>(header.kind);
  out[45] = header.compressed ? 1 : 0;
  out[46] = static_cast<char>((header.defines_relations ? defines_flag : 0U) | (header.open_at_end ? open_flag : 0U));
  out[47] = static_cast<char>(header.outcome);
  wire::store(out + 48, header.commits);
  wire::store(out + 52, header.changes);
  wire::store(out + 56, header.first.value);
  wire::store(out + 64, header.last.value);
  wire::store(out + 72, microseconds(header.first_time));
  wire::store(out + 80, microseconds(header.last_time));
  wire::store(out + 88, header.open.segment);
  wire::store(out + 96, header.open.offset);
  wire::store(out + 104, header.last_begin);
  wire::store(out + header_check_at, header_check(out));
  header.checksum = XXH3_64bits(out + checked_from, block.size() - checked_from);
  wire::store(out, header.checksum);
}

std::optional<BlockHeader> decode(std::span<const char, BlockHeader::size> bytes) {
  const char* in = bytes.data();
  const auto kind = static_cast<std::uint8_t>(in[44]);
  const auto outcome = static_cast<std::uint8_t>(in[47]);
  if (wire::load<std::uint32_t>(in + header_check_at) != header_check(in)) return std::nullopt;
  if (kind != 1 && kind != 2) return std::nullopt;
  if (outcome > static_cast<std::uint8_t>(Outcome::abandoned)) return std::nullopt;
  const auto flags = static_cast<unsigned>(static_cast<std::uint8_t>(in[46]));
  BlockHeader header;
  header.checksum = wire::load<std::uint64_t>(in);
  header.salt = wire::load<std::uint64_t>(in + 8);
  header.previous = wire::load<std::uint64_t>(in + 16);
  header.synced_through = wire::load<std::uint64_t>(in + 24);
  header.stored_bytes = wire::load<std::uint32_t>(in + 32);
  header.raw_bytes = wire::load<std::uint32_t>(in + 36);
  header.number = wire::load<std::uint32_t>(in + 40);
  header.kind = static_cast<BlockKind>(kind);
  header.compressed = in[45] != 0;
  header.defines_relations = (flags & defines_flag) != 0;
  header.open_at_end = (flags & open_flag) != 0;
  header.outcome = static_cast<Outcome>(outcome);
  header.commits = wire::load<std::uint32_t>(in + 48);
  header.changes = wire::load<std::uint32_t>(in + 52);
  header.first.value = wire::load<std::uint64_t>(in + 56);
  header.last.value = wire::load<std::uint64_t>(in + 64);
  header.first_time = time_at(in + 72);
  header.last_time = time_at(in + 80);
  header.open.segment = wire::load<std::uint64_t>(in + 88);
  header.open.offset = wire::load<std::uint64_t>(in + 96);
  header.last_begin = wire::load<std::uint32_t>(in + 104);
  return header;
}

bool checksum_holds(std::span<const char> block) {
  return wire::load<std::uint64_t>(block.data()) ==
         XXH3_64bits(block.data() + checked_from, block.size() - checked_from);
}

}  // namespace pgmirror::queue
