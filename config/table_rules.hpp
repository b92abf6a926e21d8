#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/name_pattern.hpp"

namespace pgmirror::config {

/// A table as a source lists it, for finding rules that do nothing. The schema of a SQLite table is empty.
struct KnownTable {
  std::string schema;
  std::string name;
  std::vector<std::string> columns;
};

/// Which tables and columns are mirrored: the one compiled rule set that schema, copy, capture and apply share.
///
/// Patterns name a table (`audit_*`) or a table in a schema (`billing.audit_*`), columns add one part
/// (`users.password`, `billing.users.*_digest`). `*` stands for any characters, `?` for one; everything else, upper and
/// lower case included, stands for itself. A part in double quotes stands for itself altogether: `"a.b"`. A pattern
/// without a schema matches in every schema. A table that is both included and excluded is excluded. Immutable, safe
/// from any thread.
class TableRules {
 public:
  TableRules() = default;
  /// An empty `include_tables` means all tables. Throws ConfigError for patterns that can match nothing.
  TableRules(const std::vector<std::string>& include_tables, const std::vector<std::string>& exclude_tables,
             const std::vector<std::string>& exclude_columns, const std::vector<std::string>& partitioned_tables = {});

  bool includes_table(std::string_view schema, std::string_view table) const;
  /// Says nothing about the table itself.
  bool includes_column(std::string_view schema, std::string_view table, std::string_view column) const;
  /// Whether a table that the source partitions is partitioned in the mirror too; else it is one table there.
  bool keeps_partitions(std::string_view schema, std::string_view table) const;

  /// Patterns that name a schema, as the user wrote them.
  std::vector<std::string> patterns_with_schema() const;
  /// Patterns that match none of these tables and columns, as the user wrote them: a rule that was meant to keep
  /// something private and does not is worth a warning.
  std::vector<std::string> patterns_without_match(const std::vector<KnownTable>& tables) const;
  /// What the rules mean, in plain words, a line each.
  std::vector<std::string> describe() const;

 private:
  std::vector<NamePattern> include_tables_;
  std::vector<NamePattern> exclude_tables_;
  std::vector<NamePattern> exclude_columns_;
  std::vector<NamePattern> partitioned_tables_;
};

}  // namespace pgmirror::config
