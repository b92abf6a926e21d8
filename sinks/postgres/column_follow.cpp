#include "sinks/postgres/column_follow.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "libpq/identifier.hpp"
#include "sinks/postgres/binary_field.hpp"
#include "sinks/postgres/cell_encoding.hpp"
#include "sinks/postgres/column_dependents.hpp"
#include "sinks/postgres/retyping.hpp"
#include "sinks/postgres/source_constant.hpp"
#include "sinks/postgres/table_definition.hpp"
#include "sinks/postgres/table_match.hpp"

namespace pgmirror::sinks::postgres {

using change::Column;
using libpq::mirror_column;
using libpq::quote_column;

ColumnFollow::ColumnFollow(SchemaRecord& record, const TableNames& names, const SchemaBuilder& builder,
                           const change::SchemaChange& change)
    : record_(record),
      names_(names),
      mirror_(builder.mirror()),
      before_(*change.before),
      after_(*change.after),
      renamed_(change.renamed_columns.begin(), change.renamed_columns.end()),
      table_(names.quoted(after_)),
      own_(record.connection(), record.mirror(), names.schema(after_), names.name(after_)) {}

void ColumnFollow::follow() {
  drop();
  rename();
  add();
  alter();
}

bool ColumnFollow::is_new_name(const std::string& name) const {
  return std::ranges::any_of(renamed_, [&](const auto& pair) { return pair.second == name; });
}

void ColumnFollow::drop() {
  const MirrorCatalog catalog = names_.catalog(after_);
  const CatalogTable* standing = catalog.table(names_.name(after_));
  for (const Column& column : before_.columns) {
    if (renamed_.contains(column.name)) continue;
    if (after_.column_position(column.name) && !is_new_name(column.name)) continue;
    const std::string name = mirror_column(column.name);
    if (standing == nullptr || standing->column(name) == nullptr) continue;
    if (column.family == change::TypeFamily::native) {
      release_column(record_, names_.schema(after_), names_.name(after_), name);
    }
    record_.run(fmt::format("ALTER TABLE {} DROP COLUMN {}", table_, quote_column(column.name)),
                fmt::format("column {} of table {} was dropped", column.name, after_.qualified_name()));
    record_.connection().execute(
        "DELETE FROM pgmirror.odd_values WHERE schema_name = $1 AND table_name = $2 AND column_name = $3",
        libpq::Parameters::texts({names_.schema(after_), names_.name(after_), name}));
    own_.remove("column " + name);
  }
}

void ColumnFollow::rename() {
  const auto reason = [&](const std::string& from, const std::string& to) {
    return fmt::format("column {} of table {} was renamed to {}", from, after_.qualified_name(), to);
  };
  // Two columns may have changed names with each other.
  const bool crossed = std::ranges::any_of(renamed_, [&](const auto& pair) { return renamed_.contains(pair.second); });
  if (!crossed) {
    for (const auto& [from, to] : renamed_) rename(from, to, reason(from, to));
    return;
  }
  std::size_t number = 0;
  for (const auto& [from, to] : renamed_) rename(from, fmt::format("pgmirror_rename_{}", number++), reason(from, to));
  number = 0;
  for (const auto& [from, to] : renamed_) rename(fmt::format("pgmirror_rename_{}", number++), to, reason(from, to));
}

void ColumnFollow::rename(const std::string& from, const std::string& to, const std::string& reason) {
  record_.run(fmt::format("ALTER TABLE {} RENAME COLUMN {} TO {}", table_, quote_column(from), quote_column(to)),
              reason);
  own_.rename_column(mirror_column(from), mirror_column(to));
  own_.forget_statements();
  record_.connection().execute(
      "UPDATE pgmirror.odd_values SET column_name = $1 WHERE schema_name = $2 AND table_name = $3 AND column_name = $4",
      libpq::Parameters::texts({mirror_column(to), names_.schema(after_), names_.name(after_), mirror_column(from)}));
}

void ColumnFollow::add() {
  for (std::size_t i = 0; i < after_.columns.size(); ++i) {
    const Column& column = after_.columns[i];
    const bool kept = before_.column_position(column.name) && !renamed_.contains(column.name);
    if (is_new_name(column.name) || kept) continue;
    // The mirror's own key stays as it is.
    if (after_.has_row_id && i == 0) continue;
    add(column);
  }
}

void ColumnFollow::add(const Column& column) {
  const TargetType type = choose_type(column, nullptr, type_override(mirror_, after_, column));
  const MirrorCatalog catalog = names_.catalog(after_);
  const CatalogTable* standing = catalog.table(names_.name(after_));
  if (standing != nullptr && standing->column(mirror_column(column.name)) != nullptr) {
    // Somebody was faster; describe() judges whether it serves.
    if (column.family != change::TypeFamily::native) backfill(column, type);
    return;
  }
  const std::string reason = fmt::format("column {} of table {} was added", column.name, after_.qualified_name());
  // Its default is a statement of its own, and values that older rows have of it come with a copy.
  if (column.family == change::TypeFamily::native) {
    record_.run(fmt::format("ALTER TABLE {} ADD COLUMN {} {}{}", table_, quote_column(column.name), type.sql,
                            column.collation.empty() ? "" : " COLLATE " + column.collation),
                reason);
    own_.add({{"column " + mirror_column(column.name), ""}});
    return;
  }
  const bool constant = column.default_sql && read_constant(*column.default_sql).has_value();
  const bool filled = constant && default_clause(column, type).has_value();
  // Rows that stand there have the constant default; any other default is for new rows only.
  Column plain = column;
  if (!constant) plain.default_sql.reset();
  record_.run(fmt::format("ALTER TABLE {} ADD COLUMN {}", table_, column_sql(plain, type, column.not_null && filled)),
              reason);
  if (!filled) backfill(column, type);
  if (constant) return;
  if (const auto value = default_clause(column, type)) {
    record_.run(fmt::format("ALTER TABLE {} ALTER COLUMN {} SET DEFAULT {}", table_, quote_column(column.name), *value),
                reason);
  }
}

void ColumnFollow::backfill(const Column& column, const TargetType& type) {
  if (!column.default_sql) return;
  const auto constant = read_constant(*column.default_sql);
  if (!constant || constant->kind == change::ValueKind::null) return;
  const auto stored = stored_in(*constant, column.family);
  std::string cell;
  if (!stored || append_cell(cell, stored->value(), type) != CellFit::stored) {
    throw SchemaError(
        fmt::format("table {0}: column {1} was added with a default that its type in the mirror cannot hold; run "
                    "\"pgmirror resync {0}\"",
                    after_.qualified_name(), column.name));
  }
  const std::string assignment = type.needs_cast() ? "$1::text::" + type.sql : "$1";
  record_.connection().execute(fmt::format("UPDATE {} SET {} = {}", table_, quote_column(column.name), assignment),
                               libpq::Parameters{}.binary(cell.substr(sizeof(std::int32_t)), type.oid));
}

void ColumnFollow::alter() {
  const MirrorCatalog catalog = names_.catalog(after_);
  const CatalogTable* table = catalog.table(names_.name(after_));
  if (table == nullptr) {
    throw SchemaError(
        fmt::format("table {0}: missing in the mirror; run \"pgmirror resync {0}\"", after_.qualified_name()));
  }
  for (const Column& before : before_.columns) {
    const auto renamed = renamed_.find(before.name);
    const std::string& name = renamed == renamed_.end() ? before.name : renamed->second;
    const auto position = after_.column_position(name);
    const CatalogColumn* standing = table->column(mirror_column(name));
    if (!position || standing == nullptr) continue;
    const Column& after = after_.columns[*position];
    const bool native = after.family == change::TypeFamily::native;
    if (native && standing->type.sql == before.declared_type && before.declared_type != after.declared_type) {
      throw SchemaError(fmt::format("table {}: column {} changed its type from {} to {}", after_.qualified_name(),
                                    after.name, before.declared_type, after.declared_type));
    }
    const bool other_type = before.family != after.family || before.declared_type != after.declared_type;
    if (other_type && !native) retype(after, *standing);
    const bool is_key = std::ranges::find(after_.key, *position) != after_.key.end();
    if (before.not_null && !after.not_null && standing->not_null && !is_key) {
      record_.run(fmt::format("ALTER TABLE {} ALTER COLUMN {} DROP NOT NULL", table_, quote_column(name)),
                  fmt::format("column {} of table {} may be NULL now", name, after_.qualified_name()));
    }
  }
}

void ColumnFollow::retype(const Column& column, const CatalogColumn& standing) {
  const config::TypeOverride* configured = type_override(mirror_, after_, column);
  const TargetType wanted = choose_type(column, nullptr, configured);
  const auto present = type_of_existing(column, standing.type, configured);
  // A type that somebody else has given the column.
  if (!present) {
    throw SchemaError(fmt::format("table {0}: column {1} changed its type from {2} to {3}; run \"pgmirror resync {0}\"",
                                  after_.qualified_name(), column.name, standing.type.sql, wanted.sql));
  }
  const std::string name = quote_column(column.name);
  const auto change = retyping(*present, wanted, name);
  if (!change) return;
  // Behind a pooler a session may have been told by somebody else to round.
  record_.connection().execute("SET LOCAL extra_float_digits = 1");
  record_.run(fmt::format("ALTER TABLE {0} ALTER COLUMN {1} DROP DEFAULT, ALTER COLUMN {1} TYPE {2} USING {3}", table_,
                          name, change->sql, change->using_expression),
              fmt::format("column {} of table {} changed its type", column.name, after_.qualified_name()));
}

}  // namespace pgmirror::sinks::postgres
