#pragma once

#include <cstdint>
#include <vector>

#include "sinks/postgres/net_batch.hpp"

namespace pgmirror::sinks::postgres {

/// Which rows of the mirror a batch touches, by hashes of their keys: a row that it does not know is not touched, one
/// that it knows probably is. Some 64 bits a row. Immutable.
class BatchFootprint {
 public:
  explicit BatchFootprint(const NetBatch& batch);

  bool may_touch(std::uint64_t key_hash) const {
    const std::uint64_t bit = key_hash & mask_;
    return ((bits_[bit / 64] >> (bit % 64)) & 1U) != 0;
  }

 private:
  std::vector<std::uint64_t> bits_;
  std::uint64_t mask_ = 0;
};

}  // namespace pgmirror::sinks::postgres
