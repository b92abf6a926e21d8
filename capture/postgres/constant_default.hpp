#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pgmirror::capture::postgres {

/// The value of a default that is a constant, as its type prints it: `5`, `true`, `'new'::text`. Nothing for everything
/// else, a constant that the type may print otherwise than it was written included. Pure.
std::optional<std::string> constant_of(std::string_view default_sql);

}  // namespace pgmirror::capture::postgres
