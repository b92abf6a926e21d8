#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace pgmirror::config {

/// The whole content. Throws std::runtime_error for a file that cannot be read, is a directory or is larger than
/// `most_bytes`: `cannot read /run/secrets/pw: No such file or directory`.
std::string read_small_file(const std::filesystem::path& path, std::size_t most_bytes);

/// A file that holds one secret: its content without one line end. Throws std::runtime_error as above, and for one that
/// is empty or holds a NUL byte.
std::string read_secret_file(const std::filesystem::path& path);

}  // namespace pgmirror::config
