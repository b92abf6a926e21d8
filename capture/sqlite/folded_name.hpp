#pragma once

#include <string>
#include <string_view>

namespace pgmirror::capture::sqlite {

/// Upper-case ASCII letters made lower-case, nothing else: how SQLite compares names and types, whatever the locale.
std::string folded_name(std::string_view name);

}  // namespace pgmirror::capture::sqlite
