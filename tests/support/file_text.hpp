#pragma once

#include <filesystem>
#include <string>

namespace pgmirror::tests {

/// The whole content of a file; empty when it cannot be read.
std::string file_text(const std::filesystem::path& file);

}  // namespace pgmirror::tests
