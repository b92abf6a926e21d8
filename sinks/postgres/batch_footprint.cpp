#include "sinks/postgres/batch_footprint.hpp"

#include <algorithm>
#include <bit>

namespace pgmirror::sinks::postgres {
namespace {

/// One row in so many is taken for another's.
constexpr std::uint64_t bits_of_a_row = 64;

}  // namespace

BatchFootprint::BatchFootprint(const NetBatch& batch) {
  std::uint64_t rows = 0;
  for (const auto& effects : batch.tables()) rows += effects->rows().size();
  const std::uint64_t bits = std::bit_ceil(std::max<std::uint64_t>(rows, 1) * bits_of_a_row);
  bits_.resize(bits / 64);
  mask_ = bits - 1;
  for (const auto& effects : batch.tables()) {
    for (const RowEffect& row : effects->rows()) {
      const std::uint64_t bit = effects->key_hash(row) & mask_;
      bits_[bit / 64] |= std::uint64_t{1} << (bit % 64);
    }
  }
}

}  // namespace pgmirror::sinks::postgres
