#include "tests/support/file_text.hpp"

#include <fstream>
#include <sstream>

namespace pgmirror::tests {

std::string file_text(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

}  // namespace pgmirror::tests
