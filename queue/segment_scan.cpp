#include "queue/segment_scan.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "queue/damage.hpp"
#include "queue/wire.hpp"

namespace pgmirror::queue {
namespace {

constexpr std::size_t window_bytes = std::size_t{1} << 20U;
constexpr std::size_t salt_at = 8;

BlockPlace open_after(const BlockHeader& block, const BlockPlace& place) {
  if (!block.open_at_end) return {};
  const bool same_transaction = block.open_at_start() && block.outcome == Outcome::none;
  return same_transaction ? block.open : place;
}

// Looks for the salt, since nothing between the hole and the next whole block can be trusted.
bool proof_of_more(const SegmentReader& segment, std::uint64_t hole) {
  const auto size = segment.file_bytes();
  const auto salt = segment.header().salt;
  std::array<char, sizeof salt> wanted{};
  wire::store(wanted.data(), salt);
  ByteBuffer window;
  Block block;
  for (auto start = hole; start < size; start += window_bytes) {
    window.resize(std::min<std::uint64_t>(window_bytes + wanted.size() - 1, size - start));
    window.resize(segment.file().read(start, {window.data(), window.size()}));
    const auto text = window.view();
    for (auto found = text.find({wanted.data(), wanted.size()}); found != std::string_view::npos;
         found = text.find({wanted.data(), wanted.size()}, found + 1)) {
      const auto offset = start + found;
      if (offset < hole + salt_at) continue;
      if (segment.try_read_anywhere(offset - salt_at, block) && block.header.synced_through > hole) return true;
    }
  }
  return false;
}

}  // namespace

SegmentTail scan_segment(const SegmentReader& segment, std::uint64_t stop) {
  SegmentTail tail;
  tail.end = segment.start();
  tail.last = segment.header().after;
  tail.last_time = segment.header().after_time;
  Block block;
  while (tail.end.offset < stop && segment.try_read(tail.end, block)) {
    const BlockPlace place{segment.header().sequence, tail.end.offset};
    tail.end = SegmentReader::after(tail.end, block.header);
    tail.last = block.header.last;
    tail.last_time = block.header.last_time;
    if (block.header.kind == BlockKind::seal) {
      tail.sealed = true;
      tail.open = block.header.open;
      return tail;
    }
    tail.open = open_after(block.header, place);
    tail.totals.count(block.header);
    if (block.header.commits > 0) tail.commits.push_back({block.header, tail.end.offset});
  }
  if (tail.end.offset >= stop) return tail;
  if (stop != whole_segment || proof_of_more(segment, tail.end.offset)) {
    throw Damage(segment.path(), tail.end.offset, "a block that was written and synced is missing or wrong");
  }
  return tail;
}

std::uint64_t bytes_before_zeros(const File& file, std::uint64_t end) {
  const auto size = file.size();
  std::uint64_t bytes = 0;
  ByteBuffer window;
  for (auto start = end; start < size; start += window_bytes) {
    window.resize(std::min<std::uint64_t>(window_bytes, size - start));
    window.resize(file.read(start, {window.data(), window.size()}));
    const auto text = window.view();
    const auto last = text.find_last_not_of('\0');
    if (last != std::string_view::npos) bytes = start - end + last + 1;
  }
  return bytes;
}

Seal read_seal(const SegmentReader& segment) {
  constexpr auto total = BlockHeader::size + seal_bytes;
  const auto size = segment.file_bytes();
  const auto offset = size < segment.header().bytes + total ? segment.header().bytes : size - total;
  Block block;
  if (!segment.try_read_anywhere(offset, block) || block.header.kind != BlockKind::seal) {
    throw Damage(segment.path(), offset, "the segment has a successor but no seal at its end");
  }
  try {
    return {block.header, offset, parse_seal(block.stored.view().substr(BlockHeader::size))};
  } catch (const wire::Malformed& malformed) {
    throw Damage(segment.path(), offset, malformed.what());
  }
}

}  // namespace pgmirror::queue
