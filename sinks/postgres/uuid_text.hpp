#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace pgmirror::sinks::postgres {

using UuidBytes = std::array<char, 16>;

/// 32 hexadecimal digits of either case, with hyphens in the usual places or none.
std::optional<UuidBytes> read_uuid(std::string_view text);

/// Lower case with hyphens, as PostgreSQL prints it.
std::string uuid_text(const UuidBytes& uuid);

}  // namespace pgmirror::sinks::postgres
