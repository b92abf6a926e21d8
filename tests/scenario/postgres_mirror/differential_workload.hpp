#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace pgmirror::tests {

/// Random work of an application on a fixed set of tables, as SQL: everything follows from the seed.
///
/// Contains what both pgmirror and a native subscription can follow: values of many types, large values that updates
/// leave out, key updates and swaps, swaps of unique values, rows without a key and equal rows, truncates, savepoints.
class DifferentialWorkload {
 public:
  explicit DifferentialWorkload(std::uint64_t seed) : chance_(seed) {}

  /// The tables; the same on every side.
  static std::string schema();

  /// The statements of one transaction, without its begin and end.
  std::vector<std::string> transaction();
  /// A change of a definition: `subscriber` has to be done there before `source` is done at the source.
  struct Definition {
    std::string subscriber;
    std::string source;
    bool new_table = false;  ///< a native subscription has to be refreshed
  };
  Definition definition();

  bool one_in(std::int64_t count) { return between(1, count) == 1; }

 private:
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(chance_);
  }
  std::string statement();
  std::string typed_row();
  std::string typed();
  std::string large();
  std::string keyless();
  std::string swapped();
  std::string family();

  std::mt19937_64 chance_;
  int definitions_ = 0;
};

}  // namespace pgmirror::tests
