#include "tests/oracle/dice.hpp"

#include <cmath>
#include <limits>

namespace pgmirror::tests {

std::string Dice::bytes(std::int64_t low, std::int64_t high) {
  std::string result(static_cast<std::size_t>(between(low, high)), '\0');
  for (char& byte : result) byte = static_cast<char>(engine_());
  return result;
}

Parameter Dice::value() {
  constexpr std::int64_t smallest = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();
  static const std::vector<std::int64_t> edges{0,       1,         -1,        127,        128,      -32768,
                                               8388607, 1LL << 31, 1LL << 47, -1LL << 47, smallest, largest};
  switch (between(0, 12)) {
    case 0:
      return {};
    case 1:
      return pick(edges);
    case 2:
      return std::ldexp(static_cast<double>(between(0, 1'000'000)), static_cast<int>(between(-60, 60)));
    case 3:
      return static_cast<double>(between(-5, 5));
    case 4:
      return Blob{bytes(0, 30)};
    case 5:
      return Blob{bytes(0, 9000)};
    case 6:
      return std::string("x\0y", 3) + std::to_string(between(0, 999));
    case 7: {
      std::string text;
      for (std::int64_t i = between(0, 300); i > 0; --i) text += "é☃𝄞";
      return text;
    }
    case 8:
      return std::numeric_limits<double>::infinity();
    case 9:
      return between(-100, 100);
    default:
      return "s" + std::to_string(between(0, 1'000'000));
  }
}

}  // namespace pgmirror::tests
