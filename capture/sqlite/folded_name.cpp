#include "capture/sqlite/folded_name.hpp"

namespace pgmirror::capture::sqlite {

std::string folded_name(std::string_view name) {
  std::string folded(name);
  for (char& letter : folded) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter + ('a' - 'A'));
  }
  return folded;
}

}  // namespace pgmirror::capture::sqlite
