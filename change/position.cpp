#include "change/position.hpp"

#include <fmt/format.h>

namespace pgmirror::change {

std::string to_string(Position position) {
  return fmt::format("{:X}/{:X}", position.value >> 32U, position.value & 0xFFFFFFFFU);
}

}  // namespace pgmirror::change
