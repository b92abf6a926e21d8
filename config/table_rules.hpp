#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pgmirror::config {

/// Which tables and columns are mirrored: the one compiled rule set that schema, copy, capture and apply share.
///
/// Patterns name a table (`audit_*`) or a table in a schema (`billing.audit_*`), columns add one part (`users.password`,
/// `billing.users.*_digest`). `*` stands for any characters, `?` for one; everything else, upper and lower case included,
/// stands for itself. A pattern without a schema matches in every schema. Immutable, safe from any thread.
class TableRules {
 public:
  TableRules() = default;
  /// An empty `include_tables` means all tables. Throws ConfigError for a pattern that can match nothing.
  TableRules(std::vector<std::string> include_tables, std::vector<std::string> exclude_tables,
             std::vector<std::string> exclude_columns);

  bool includes_table(std::string_view schema, std::string_view table) const;
  /// Says nothing about the table itself.
  bool includes_column(std::string_view schema, std::string_view table, std::string_view column) const;

 private:
  std::vector<std::string> include_tables_;
  std::vector<std::string> exclude_tables_;
  std::vector<std::string> exclude_columns_;
};

}  // namespace pgmirror::config
