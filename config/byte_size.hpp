#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pgmirror::config {

/// A whole number and a unit: B, kB, MB, GB, TB (powers of 1000), KiB, MiB, GiB, TiB (powers of 1024), whatever the
/// case. A number alone is none: nobody means ten bytes. Throws InvalidValue.
std::uint64_t parse_byte_size(std::string_view text);

/// `1.5 GiB`, four digits at most.
std::string byte_size_text(std::uint64_t bytes);

}  // namespace pgmirror::config
