#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "sinks/postgres/target_type.hpp"

namespace pgmirror::sinks::postgres {

struct IntegerRange {
  std::int64_t first = 0;
  std::int64_t last = 0;
  bool operator==(const IntegerRange&) const = default;
};

/// The range whose integers are the elements of `array`, each once and none missing, in whatever order; nothing for
/// arrays of any other kind, or with a NULL. `array` is what ArrayParameter makes for `encoding`.
std::optional<IntegerRange> dense_range(std::string_view array, TargetType::Encoding encoding);

}  // namespace pgmirror::sinks::postgres
