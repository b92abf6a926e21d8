#pragma once

#include <string>
#include <string_view>

namespace pgmirror::sinks::postgres {

/// Two lower case digits a byte.
std::string hex_text(std::string_view bytes);

/// The bytes of such a text. Throws std::invalid_argument for any other text.
std::string bytes_of_hex(std::string_view hex);

}  // namespace pgmirror::sinks::postgres
