#include "capture/postgres/copy_text.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace pgmirror::capture::postgres {
namespace {

/// The server escapes backslash and what would end a cell or a line, and control characters by their letter; anything
/// else behind a backslash stands for itself. Octal and hexadecimal escapes are for input only, it never writes them.
char meaning(char escaped) {
  switch (escaped) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    default:
      return escaped;
  }
}

}  // namespace

change::Tuple CopyTextLine::parse(std::string_view line, std::size_t columns) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  cells_.clear();
  unescaped_.clear();
  // Never more than the line itself: the views into it stay where they are.
  unescaped_.reserve(line.size());
  // A table without columns has empty lines, as has one whose only cell is an empty text.
  if (columns == 0 && line.empty()) return cells_;
  std::size_t begin = 0;
  for (;;) {
    const std::size_t end = line.find('\t', begin);
    cells_.push_back(cell(line.substr(begin, end == std::string_view::npos ? end : end - begin)));
    if (end == std::string_view::npos) break;
    begin = end + 1;
  }
  if (cells_.size() != columns) {
    throw std::runtime_error(
        fmt::format("a copied row has {} cells where the table has {}; run it again", cells_.size(), columns));
  }
  return cells_;
}

change::Value CopyTextLine::cell(std::string_view raw) {
  std::size_t escape = raw.find('\\');
  if (escape == std::string_view::npos) return change::Value::text(raw);
  if (raw == "\\N") return change::Value::null();
  const std::size_t begin = unescaped_.size();
  std::size_t plain = 0;
  for (; escape != std::string_view::npos; escape = raw.find('\\', plain)) {
    if (escape + 1 == raw.size()) throw std::runtime_error("a copied row ends inside an escape; run it again");
    unescaped_.append(raw, plain, escape - plain);
    unescaped_ += meaning(raw[escape + 1]);
    plain = escape + 2;
  }
  unescaped_.append(raw, plain);
  return change::Value::text(std::string_view(unescaped_).substr(begin));
}

}  // namespace pgmirror::capture::postgres
