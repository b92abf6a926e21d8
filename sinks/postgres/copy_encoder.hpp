#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "change/snapshot.hpp"
#include "change/value.hpp"
#include "sinks/postgres/copy_block.hpp"
#include "sinks/postgres/mirror_table.hpp"

namespace pgmirror::sinks::postgres {

/// `COPY table (columns) FROM STDIN ...`
std::string copy_in_sql(const MirrorTable& table, change::CopyForm form);
/// What stands before the first and behind the last row (manual: "COPY", "File Formats").
std::string_view copy_header(change::CopyForm form);
std::string_view copy_trailer(change::CopyForm form);

/// Turns rows of one table into COPY's form: binary, or text where a column needs a cast.
class CopyEncoder {
 public:
  explicit CopyEncoder(const MirrorTable& table);

  /// `row` is over Relation::columns and complete.
  void append(CopyBlock& block, change::Tuple row);

  change::CopyForm form() const { return form_; }

 private:
  void note_odd(CopyBlock& block, change::Tuple row, std::size_t column, bool is_null);

  const MirrorTable& table_;
  const change::CopyForm form_;
  /// By column: the mirror refuses NULL and nothing was said against that yet.
  std::vector<bool> not_null_;
};

}  // namespace pgmirror::sinks::postgres
