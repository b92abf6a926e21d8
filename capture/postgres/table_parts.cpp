#include "capture/postgres/table_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

namespace pgmirror::capture::postgres {
namespace {

constexpr std::uint64_t part_bytes = std::uint64_t{64} << 20U;
constexpr std::uint64_t most_parts = 256;
/// Those that come last: who has nothing left to do waits for them.
constexpr std::uint64_t small_parts_in_step = 4;
constexpr std::string_view leaf_prefix = "tableoid = ";
constexpr std::string_view conjunction = " AND ";

std::string conjoined(std::string left, const std::string& right) {
  if (left.empty() || right.empty()) return left + right;
  return left.append(conjunction).append(right);
}

/// The block from which on a leaf of more than a few steps is read in small parts.
std::uint64_t begin_of_small_parts(std::uint64_t blocks, std::uint64_t step) {
  return blocks < 3 * step ? blocks : (blocks / step - 1) * step;
}

/// The last range has no end: the table may have grown since its size was read.
std::string block_range(std::uint64_t from, std::uint64_t to, std::uint64_t blocks) {
  std::string where;
  if (from > 0) where = fmt::format("ctid >= '({},0)'", from);
  if (to < blocks) where = conjoined(std::move(where), fmt::format("ctid < '({},0)'", to));
  return where;
}

}  // namespace

std::vector<change::TablePart> table_parts(const std::vector<LeafSize>& leaves, bool partitioned, bool by_blocks,
                                           std::uint64_t block_bytes) {
  std::uint64_t all_blocks = 0;
  for (const LeafSize& leaf : leaves) all_blocks += leaf.blocks;
  // By doubling, so that most parts of a table that grows stay what they were.
  std::uint64_t step = std::max(std::uint64_t{1}, part_bytes / block_bytes);
  while (step * most_parts < all_blocks) step *= 2;
  std::vector<change::TablePart> parts;
  for (const LeafSize& leaf : leaves) {
    const std::string name = partitioned ? fmt::format("{}{}", leaf_prefix, leaf.oid) : std::string{};
    const std::uint64_t small_from = &leaf == &leaves.back() ? begin_of_small_parts(leaf.blocks, step) : leaf.blocks;
    std::uint64_t from = 0;
    do {
      const std::uint64_t next =
          from + (from < small_from ? step : std::max(std::uint64_t{1}, step / small_parts_in_step));
      const std::uint64_t to = by_blocks ? std::min(leaf.blocks, next) : leaf.blocks;
      const std::uint64_t size = to - from;
      parts.push_back({.where_sql = conjoined(name, block_range(from, to, leaf.blocks)),
                       .rows = leaf.blocks == 0 ? leaf.rows : leaf.rows * size / leaf.blocks,
                       .bytes = size * block_bytes});
      from = to;
    } while (from < leaf.blocks);
  }
  if (parts.empty()) parts.emplace_back();
  return parts;
}

LeafRange leaf_range(const change::TablePart& part) {
  std::string_view where = part.where_sql;
  if (!where.starts_with(leaf_prefix)) return {.leaf = std::nullopt, .where_sql = part.where_sql};
  where.remove_prefix(leaf_prefix.size());
  ObjectId leaf = 0;
  const auto [end, failure] = std::from_chars(where.data(), where.data() + where.size(), leaf);
  where.remove_prefix(static_cast<std::size_t>(end - where.data()));
  if (where.starts_with(conjunction)) where.remove_prefix(conjunction.size());
  return {.leaf = leaf, .where_sql = std::string(where)};
}

}  // namespace pgmirror::capture::postgres
