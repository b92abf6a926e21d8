#pragma once

#include <filesystem>
#include <string_view>

namespace pgmirror::config {

/// The file that `sqlite:///data/app.db`, `sqlite:app.db` or `sqlite://data/app.db` names; relative ones are relative
/// to the working directory. Percent-escapes are resolved. Throws InvalidValue for what names no file.
std::filesystem::path parse_sqlite_url(std::string_view url);

}  // namespace pgmirror::config
