#include "capture/postgres/triggers/record_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgmirror::capture::postgres::triggers {
namespace {

constexpr std::string_view cell = R"re("(?:[^"\\]|""|\\\\)*"|[^,"()]*)re";
/// The most that a bound of a regular expression takes.
constexpr std::size_t most_repeated = 255;

/// Cells with the commas behind them.
std::string skipped(std::size_t cells) {
  std::string pattern;
  while (cells > 0) {
    const std::size_t part = std::min(cells, most_repeated);
    pattern += fmt::format("(?:(?:{}),){{{}}}", cell, part);
    cells -= part;
  }
  return pattern;
}

}  // namespace

std::optional<change::Tuple> RecordText::parse(std::string_view text) {
  cells_.clear();
  unquoted_.clear();
  if (text.size() < 2 || text.front() != '(' || text.back() != ')') return std::nullopt;
  // Never more than the row itself: the views into it stay where they are.
  unquoted_.reserve(text.size());
  std::size_t at = 1;
  const std::size_t end = text.size() - 1;
  for (;;) {
    if (at < end && text[at] == '"') {
      const std::size_t begin = unquoted_.size();
      for (++at;; ++at) {
        if (at >= end) return std::nullopt;
        if (text[at] == '"' && (at + 1 == end || text[at + 1] != '"')) break;
        if (text[at] == '"' || text[at] == '\\') ++at;
        if (at >= end) return std::nullopt;
        unquoted_ += text[at];
      }
      cells_.push_back(change::Value::text(std::string_view(unquoted_).substr(begin)));
      ++at;
    } else {
      const std::size_t stop = std::min(text.find_first_of(",\"()", at), end);
      cells_.push_back(stop == at ? change::Value::null() : change::Value::text(text.substr(at, stop - at)));
      at = stop;
    }
    if (at == end) return cells_;
    if (text[at] != ',') return std::nullopt;
    ++at;
  }
}

std::string row_up_to_key(const std::vector<std::size_t>& places) {
  return fmt::format(R"(^\({}(?:{})(?=[,)]))", skipped(std::ranges::max(places)), cell);
}

std::string cells_of_key(const std::vector<std::size_t>& places) {
  std::vector<std::size_t> sorted = places;
  std::ranges::sort(sorted);
  std::string pattern = R"(^\()";
  std::size_t next = 0;
  for (const std::size_t place : sorted) {
    pattern += fmt::format("{}({}){}", skipped(place - next), cell, place == sorted.back() ? "" : ",");
    next = place + 1;
  }
  return pattern + "(?=[,)]|$)";
}

std::string unquoted_cell(const std::string& expression) {
  return fmt::format(
      R"(CASE WHEN {0} LIKE '"%' THEN replace(replace(substr({0}, 2, length({0}) - 2), '""', '"'), '\\', '\') ELSE {0} END)",
      expression);
}

}  // namespace pgmirror::capture::postgres::triggers
