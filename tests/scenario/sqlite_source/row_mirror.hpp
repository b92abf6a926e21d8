#pragma once

#include <map>
#include <string>
#include <vector>

#include "change/transaction.hpp"

namespace pgmirror::tests {

/// One row change as text: the identity before, the identity after and the row, cells joined by `|`.
struct TextChange {
  char operation = ' ';  ///< `i`, `u` or `d`
  std::string table{};
  std::string old_key{};
  std::string new_key{};
  std::string row{};
  bool operator==(const TextChange&) const = default;
};
TextChange to_text(const change::RowChange& change);

/// Tables built from changes alone. Throws std::runtime_error when a change does not fit: a row inserted twice, one
/// changed or removed that is not there.
class RowMirror {
 public:
  void apply(const TextChange& change);
  const std::map<std::string, std::string>& table(const std::string& name) const;

 private:
  std::map<std::string, std::map<std::string, std::string>> tables_;
};

/// The same of a table as SQL gives it; the first column is the key.
std::map<std::string, std::string> table_by_sql(const std::string& file, const std::string& table);

}  // namespace pgmirror::tests
