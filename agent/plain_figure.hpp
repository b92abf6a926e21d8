#pragma once

#include <cstdint>
#include <string>

namespace pgmirror::agent {

/// Rounded, for people: `0 bytes`, `1.5 MiB`.
std::string bytes_text(std::uint64_t bytes);
/// `0.06 s`, `42 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`.
std::string duration_text(double seconds);
/// With a space between thousands: `8 411`.
std::string count_text(std::uint64_t count);

}  // namespace pgmirror::agent
