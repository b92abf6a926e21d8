#pragma once

#include <string>
#include <vector>

#include "change/value.hpp"
#include "sinks/postgres/copy_block.hpp"
#include "sinks/postgres/mirror_table.hpp"

namespace pgmirror::sinks::postgres {

/// `COPY table (columns) FROM STDIN` for lines that a PostgreSQL source has made.
std::string copy_text_sql(const MirrorTable& table);

/// Turns rows of one table into COPY's form: binary, or text where a column needs a cast.
class CopyEncoder {
 public:
  explicit CopyEncoder(const MirrorTable& table);

  /// `row` is over Relation::columns and complete.
  void append(CopyBlock& block, change::Tuple row);

  /// `COPY table (columns) FROM STDIN ...`
  std::string copy_sql() const;
  /// What stands before the first and behind the last row (manual: "COPY", "File Formats").
  std::string_view header() const;
  std::string_view trailer() const;

 private:
  void note_odd(CopyBlock& block, change::Tuple row, std::size_t column, bool is_null);

  const MirrorTable& table_;
  const bool text_;
  /// By column: the mirror refuses NULL and nothing was said against that yet.
  std::vector<bool> not_null_;
};

}  // namespace pgmirror::sinks::postgres
