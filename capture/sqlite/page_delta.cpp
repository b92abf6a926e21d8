#include "capture/sqlite/page_delta.hpp"

#include <cstdint>
#include <cstring>
#include <stdexcept>

namespace pgmirror::capture::sqlite {
namespace {

/// Ranges nearer than this are joined: a range costs four bytes of its own.
constexpr std::size_t join_distance = 16;
constexpr std::size_t step = 8;
/// Looked at as a whole first: most of a page stays.
constexpr std::size_t stride = 64;

struct Range {
  std::uint16_t offset;
  std::uint16_t length;
};

std::uint64_t word(std::span<const std::byte> page, std::size_t offset) {
  std::uint64_t value = 0;
  std::memcpy(&value, page.data() + offset, step);
  return value;
}

bool same_stride(std::span<const std::byte> before, std::span<const std::byte> after, std::size_t offset) {
  std::uint64_t difference = 0;
  for (std::size_t at = offset; at < offset + stride; at += step) difference |= word(before, at) ^ word(after, at);
  return difference == 0;
}

}  // namespace

bool encode_page_delta(std::span<const std::byte> before, std::span<const std::byte> after,
                       std::vector<std::byte>& delta) {
  delta.clear();
  const std::size_t bound = after.size() / 2;
  std::size_t position = 0;
  while (position < after.size()) {
    if (position + stride <= after.size() && same_stride(before, after, position)) {
      position += stride;
      continue;
    }
    if (word(before, position) == word(after, position)) {
      position += step;
      continue;
    }
    const std::size_t start = position;
    std::size_t end = position + step;
    for (position = end; position < after.size() && position < end + join_distance; position += step) {
      if (word(before, position) != word(after, position)) end = position + step;
    }
    const std::size_t at = delta.size();
    if (at + sizeof(Range) + (end - start) > bound) return false;
    const Range range{static_cast<std::uint16_t>(start), static_cast<std::uint16_t>(end - start)};
    delta.resize(at + sizeof range + range.length);
    std::memcpy(delta.data() + at, &range, sizeof range);
    std::memcpy(delta.data() + at + sizeof range, after.data() + start, range.length);
  }
  return true;
}

void apply_page_delta(std::span<const std::byte> delta, std::span<std::byte> page) {
  while (!delta.empty()) {
    Range range{};
    if (delta.size() < sizeof range) throw std::runtime_error("shadow redo: page delta is cut short");
    std::memcpy(&range, delta.data(), sizeof range);
    delta = delta.subspan(sizeof range);
    if (range.length > delta.size() || std::size_t{range.offset} + range.length > page.size()) {
      throw std::runtime_error("shadow redo: page delta does not fit the page");
    }
    std::memcpy(page.data() + range.offset, delta.data(), range.length);
    delta = delta.subspan(range.length);
  }
}

}  // namespace pgmirror::capture::sqlite
