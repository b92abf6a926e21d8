#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tests/oracle/application.hpp"

namespace pgmirror::tests {

/// The chance of one run: the same seed gives the same run.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(engine_);
  }
  bool one_in(std::int64_t count) { return between(1, count) == 1; }
  template <class Value>
  const Value& pick(const std::vector<Value>& values) {
    return values[static_cast<std::size_t>(between(0, static_cast<std::int64_t>(values.size()) - 1))];
  }
  std::string bytes(std::int64_t low, std::int64_t high);
  /// Any storage class; now and then at the edge of what a class can hold, now and then long enough to overflow.
  Parameter value();

 private:
  std::mt19937_64 engine_;
};

}  // namespace pgmirror::tests
