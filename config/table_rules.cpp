#include "config/table_rules.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

#include "config/config_error.hpp"

namespace pgmirror::config {
namespace {

std::vector<NamePattern> compile(const std::vector<std::string>& texts, std::size_t least_parts, std::size_t most_parts,
                                 std::string_view form, std::vector<std::string>& problems) {
  std::vector<NamePattern> patterns;
  for (const std::string& text : texts) {
    try {
      patterns.emplace_back(text, least_parts, most_parts);
    } catch (const std::invalid_argument& reason) {
      problems.push_back(fmt::format("pattern \"{}\" {}; write {}", text, reason.what(), form));
    }
  }
  return patterns;
}

bool matches_table(const NamePattern& pattern, std::size_t table_part, std::string_view schema,
                   std::string_view table) {
  if (!pattern.matches_from_end(table_part, table)) return false;
  return pattern.part_count() == table_part + 1 || pattern.matches_from_end(table_part + 1, schema);
}

bool matches_column(const NamePattern& pattern, std::string_view schema, std::string_view table,
                    std::string_view column) {
  return pattern.matches_from_end(0, column) && matches_table(pattern, 1, schema, table);
}

std::string listed(const std::vector<NamePattern>& patterns) {
  std::vector<std::string_view> texts;
  for (const NamePattern& pattern : patterns) texts.push_back(pattern.text());
  return fmt::format("{}", fmt::join(texts, ", "));
}

}  // namespace

TableRules::TableRules(const std::vector<std::string>& include_tables, const std::vector<std::string>& exclude_tables,
                       const std::vector<std::string>& exclude_columns,
                       const std::vector<std::string>& partitioned_tables) {
  std::vector<std::string> problems;
  include_tables_ = compile(include_tables, 1, 2, "TABLE or SCHEMA.TABLE", problems);
  exclude_tables_ = compile(exclude_tables, 1, 2, "TABLE or SCHEMA.TABLE", problems);
  exclude_columns_ = compile(exclude_columns, 2, 3, "TABLE.COLUMN or SCHEMA.TABLE.COLUMN", problems);
  partitioned_tables_ = compile(partitioned_tables, 1, 2, "TABLE or SCHEMA.TABLE", problems);
  if (!problems.empty()) throw ConfigError(std::move(problems));
}

bool TableRules::includes_table(std::string_view schema, std::string_view table) const {
  const auto matches = [&](const NamePattern& pattern) { return matches_table(pattern, 0, schema, table); };
  if (!include_tables_.empty() && std::none_of(include_tables_.begin(), include_tables_.end(), matches)) return false;
  return std::none_of(exclude_tables_.begin(), exclude_tables_.end(), matches);
}

bool TableRules::includes_column(std::string_view schema, std::string_view table, std::string_view column) const {
  return std::none_of(exclude_columns_.begin(), exclude_columns_.end(),
                      [&](const NamePattern& pattern) { return matches_column(pattern, schema, table, column); });
}

bool TableRules::keeps_partitions(std::string_view schema, std::string_view table) const {
  return std::any_of(partitioned_tables_.begin(), partitioned_tables_.end(),
                     [&](const NamePattern& pattern) { return matches_table(pattern, 0, schema, table); });
}

std::vector<std::string> TableRules::patterns_with_schema() const {
  std::vector<std::string> texts;
  for (const auto* patterns : {&include_tables_, &exclude_tables_, &partitioned_tables_}) {
    for (const NamePattern& pattern : *patterns) {
      if (pattern.part_count() == 2) texts.push_back(pattern.text());
    }
  }
  for (const NamePattern& pattern : exclude_columns_) {
    if (pattern.part_count() == 3) texts.push_back(pattern.text());
  }
  return texts;
}

std::vector<std::string> TableRules::patterns_without_match(const std::vector<KnownTable>& tables) const {
  std::vector<std::string> texts;
  for (const auto* patterns : {&include_tables_, &exclude_tables_, &partitioned_tables_}) {
    for (const NamePattern& pattern : *patterns) {
      const bool used = std::any_of(tables.begin(), tables.end(), [&](const KnownTable& table) {
        return matches_table(pattern, 0, table.schema, table.name);
      });
      if (!used) texts.push_back(pattern.text());
    }
  }
  for (const NamePattern& pattern : exclude_columns_) {
    const bool used = std::any_of(tables.begin(), tables.end(), [&](const KnownTable& table) {
      return std::any_of(table.columns.begin(), table.columns.end(), [&](const std::string& column) {
        return matches_column(pattern, table.schema, table.name, column);
      });
    });
    if (!used) texts.push_back(pattern.text());
  }
  return texts;
}

std::vector<std::string> TableRules::describe() const {
  std::vector<std::string> lines;
  lines.push_back(include_tables_.empty() ? "all tables are mirrored"
                                          : "only these tables are mirrored: " + listed(include_tables_));
  if (!exclude_tables_.empty()) lines.push_back("tables that never leave the source: " + listed(exclude_tables_));
  if (!exclude_columns_.empty()) lines.push_back("columns that never leave the source: " + listed(exclude_columns_));
  if (!partitioned_tables_.empty()) {
    lines.push_back("tables that are partitioned in the mirror as in the source: " + listed(partitioned_tables_));
  }
  return lines;
}

}  // namespace pgmirror::config
