#include "capture/postgres/column_statements.hpp"

#include <fmt/format.h>

#include <utility>

#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres {
namespace {

class ColumnStatements {
 public:
  explicit ColumnStatements(const CatalogTable& table)
      : table_(table), quoted_(libpq::qualified(table.schema, table.name)) {}

  /// `action` as it stands behind ALTER TABLE.
  void add(const char* kind, const std::string& column, const std::string& action) {
    statements_.push_back({.stage = change::SchemaStatement::Stage::after_data,
                           .kind = kind,
                           .schema = table_.schema,
                           .name = fmt::format("{}.{}", table_.name, column),
                           .sql = fmt::format("ALTER TABLE {} {}", quoted_, action)});
  }
  std::vector<change::SchemaStatement> taken() { return std::move(statements_); }

 private:
  const CatalogTable& table_;
  std::string quoted_;
  std::vector<change::SchemaStatement> statements_;
};

/// A generated column that is not what it was: another expression makes it another column under its name.
bool made_anew(const CatalogColumn& before, const CatalogColumn& after) {
  return after.generated && after.default_sql != before.default_sql && after.name == before.name;
}

void generated_column_gone(const CatalogColumn& before, const CatalogColumn* after, ColumnStatements& statements) {
  constexpr const char* kind = "generated column";
  const std::string name = libpq::quote_identifier(before.name);
  if (after == nullptr || made_anew(before, *after)) {
    statements.add(kind, before.name, fmt::format("DROP COLUMN IF EXISTS {}", name));
  } else if (!after->generated) {
    statements.add(kind, before.name, fmt::format("ALTER COLUMN {} DROP EXPRESSION IF EXISTS", name));
  } else if (after->name != before.name) {
    statements.add(kind, after->name,
                   fmt::format("RENAME COLUMN {} TO {}", name, libpq::quote_identifier(after->name)));
  }
}

void generated_column_new(const CatalogColumn* before, const CatalogColumn& after, ColumnStatements& statements) {
  if (before != nullptr && !made_anew(*before, after)) return;
  statements.add(
      "generated column", after.name,
      fmt::format("ADD COLUMN {} {}{} GENERATED ALWAYS AS ({}) STORED{}", libpq::quote_identifier(after.name),
                  after.type_name, after.collation.empty() ? "" : " COLLATE " + after.collation,
                  after.default_sql.value_or("NULL"), after.not_null ? " NOT NULL" : ""));
}

void plain_column(const CatalogColumn* before, const CatalogColumn& after, bool copied, ColumnStatements& statements) {
  const std::string name = libpq::quote_identifier(after.name);
  if (after.default_sql && (before == nullptr || before->default_sql != after.default_sql)) {
    statements.add("default", after.name, fmt::format("ALTER COLUMN {} SET DEFAULT {}", name, *after.default_sql));
  } else if (!after.default_sql && before != nullptr && before->default_sql && !before->generated) {
    statements.add("default", after.name, fmt::format("ALTER COLUMN {} DROP DEFAULT", name));
  }
  // Where rows that were there have no value yet, the copy that brings it sees to this.
  if (after.not_null && (before == nullptr ? !copied : !before->not_null)) {
    statements.add("not null", after.name, fmt::format("ALTER COLUMN {} SET NOT NULL", name));
  }
}

}  // namespace

std::vector<change::SchemaStatement> column_statements(const CatalogTable& before, const CatalogTable& after,
                                                       const config::TableRules& rules, bool copied) {
  ColumnStatements statements(after);
  for (const CatalogColumn& column : before.columns) {
    if (column.generated) generated_column_gone(column, after.column(column.number), statements);
  }
  for (const CatalogColumn& column : after.columns) {
    if (!rules.includes_column(after.schema, after.name, column.name)) continue;
    if (column.generated) {
      generated_column_new(before.column(column.number), column, statements);
    } else {
      plain_column(before.column(column.number), column, copied, statements);
    }
  }
  return statements.taken();
}

}  // namespace pgmirror::capture::postgres
