#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "change/value.hpp"

namespace pgmirror::capture::postgres {

/// Takes lines of PostgreSQL's COPY text format apart (manual, COPY, "Text Format"; default delimiter and NULL).
///
/// A line's cells are valid until the next line and as long as its bytes: cells without escapes are views into them.
class CopyTextLine {
 public:
  /// `line` with or without its end. Throws std::runtime_error when it has not `columns` cells or ends inside an
  /// escape.
  change::Tuple parse(std::string_view line, std::size_t columns);

 private:
  change::Value cell(std::string_view raw);

  std::vector<change::Value> cells_;
  std::string unescaped_;
};

}  // namespace pgmirror::capture::postgres
