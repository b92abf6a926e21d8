#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace pgmirror::config {

/// `0`, or whole numbers with units d, h, m, s: `24h`, `1h30m`. Throws InvalidValue.
std::chrono::seconds parse_duration(std::string_view text);

/// In the largest unit that leaves no rest: `36 h`.
std::string duration_text(std::chrono::seconds duration);

}  // namespace pgmirror::config
