#pragma once

#include <cstdint>

namespace pgmirror::queue {

/// The first byte of a record; see FORMAT.md.
enum class RecordTag : std::uint8_t {
  relation = 1,
  begin = 2,
  insert = 3,
  update = 4,
  update_with_key = 5,
  remove = 6,
  truncate = 7,
  schema = 8,
  commit = 9,
  gap = 10,
  statement = 11,
  sequence = 12,
};

/// Of a sequence value.
namespace sequence_flags {
inline constexpr std::uint64_t descending = 1;
inline constexpr std::uint64_t owned = 2;
}  // namespace sequence_flags

}  // namespace pgmirror::queue
