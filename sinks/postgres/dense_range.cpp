#include "sinks/postgres/dense_range.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

namespace pgmirror::sinks::postgres {
namespace {

/// Dimensions, has-NULL flag, element type, length, lower bound.
constexpr std::size_t header_bytes = 20;
constexpr std::size_t length_bytes = 4;

std::size_t bytes_of(TargetType::Encoding encoding) {
  switch (encoding) {
    case TargetType::Encoding::smallint:
      return 2;
    case TargetType::Encoding::integer:
      return 4;
    case TargetType::Encoding::bigint:
      return 8;
    default:
      return 0;
  }
}

/// Big-endian, two's complement.
std::int64_t number_in(std::string_view bytes) {
  std::uint64_t number = (static_cast<unsigned char>(bytes.front()) & 0x80U) != 0 ? ~std::uint64_t{0} : 0;
  for (const char byte : bytes) number = number << 8U | static_cast<unsigned char>(byte);
  return static_cast<std::int64_t>(number);
}

}  // namespace

std::optional<IntegerRange> dense_range(std::string_view array, TargetType::Encoding encoding) {
  const std::size_t bytes = bytes_of(encoding);
  if (bytes == 0 || array.size() <= header_bytes) return std::nullopt;
  array.remove_prefix(header_bytes);
  const std::size_t count = array.size() / (length_bytes + bytes);
  // A NULL is shorter than the others.
  if (count * (length_bytes + bytes) != array.size()) return std::nullopt;
  std::vector<std::int64_t> numbers(count);
  IntegerRange range{.first = std::numeric_limits<std::int64_t>::max(),
                     .last = std::numeric_limits<std::int64_t>::min()};
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view cell = array.substr(i * (length_bytes + bytes), length_bytes + bytes);
    if (static_cast<unsigned char>(cell[length_bytes - 1]) != bytes) return std::nullopt;
    numbers[i] = number_in(cell.substr(length_bytes));
    range = {.first = std::min(range.first, numbers[i]), .last = std::max(range.last, numbers[i])};
  }
  const std::uint64_t width = static_cast<std::uint64_t>(range.last) - static_cast<std::uint64_t>(range.first);
  if (width != count - 1) return std::nullopt;
  std::ranges::sort(numbers);
  if (std::ranges::adjacent_find(numbers) != numbers.end()) return std::nullopt;
  return range;
}

}  // namespace pgmirror::sinks::postgres
