#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace pgmirror::capture::postgres {

/// Replaces the file's content. Durable on return: after a crash the file is the old or the new one. Mode 0600. Throws
/// std::system_error.
void replace_file(const std::filesystem::path& file, std::string_view bytes);

/// Nothing where there is no file. Throws std::system_error.
std::optional<std::string> file_content(const std::filesystem::path& file);

}  // namespace pgmirror::capture::postgres
