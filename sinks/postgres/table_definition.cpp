#include "sinks/postgres/table_definition.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "libpq/identifier.hpp"
#include "sinks/postgres/source_constant.hpp"
#include "sinks/postgres/table_match.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using change::ColumnProfile;
using change::Relation;
using change::TypeFamily;
using Encoding = TargetType::Encoding;

/// Whether a column of that type holds what the profile shows as distinct, non-null cells.
bool can_be_key(const ColumnProfile& profile, const TargetType& type) {
  if (profile.nulls > 0) return false;
  const std::uint64_t numbers = profile.integers + profile.reals;
  switch (type.encoding) {
    case Encoding::text:
      return profile.blobs == 0 && (profile.texts == 0 || numbers == 0 || type.family != TypeFamily::any);
    case Encoding::bytea:
      return numbers == 0 && (profile.texts == 0 || profile.blobs == 0);
    case Encoding::json:
    case Encoding::jsonb:
      return false;
    default:
      return true;
  }
}

bool declared_key_serves(const Relation& relation, const change::TableProfile* profile,
                         const std::vector<TargetType>& types) {
  if (relation.key.empty()) return false;
  if (!relation.has_row_id || profile == nullptr) return true;
  return std::ranges::all_of(
      relation.key, [&](std::size_t position) { return can_be_key(profile->columns[position], types[position]); });
}

}  // namespace

std::string column_sql(const change::Column& column, const TargetType& type, bool not_null) {
  std::string sql = libpq::quote_column(column.name) + " " + type.sql;
  if (const auto value = default_clause(column, type)) sql += " DEFAULT " + *value;
  if (not_null) sql += " NOT NULL";
  return sql;
}

TableDefinition define_table(const Relation& relation, const std::string& target_schema,
                             const change::TableProfile* profile, const config::Mirror& mirror, TableKey wanted) {
  std::vector<TargetType> types;
  for (std::size_t i = 0; i < relation.columns.size(); ++i) {
    const change::Column& column = relation.columns[i];
    types.push_back(choose_type(column, profile == nullptr ? nullptr : &profile->columns[i],
                                type_override(mirror, relation, column)));
  }
  const bool declared = wanted == TableKey::declared && declared_key_serves(relation, profile, types);
  std::vector<std::size_t> key = relation.key;
  if (!declared && relation.has_row_id) key = {0};

  const auto in_key = [&](std::size_t position) { return std::ranges::find(key, position) != key.end(); };
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < relation.columns.size(); ++i) {
    if (relation.has_row_id && i == 0 && declared) continue;
    const change::Column& column = relation.columns[i];
    const bool holds = profile == nullptr || profile->columns[i].nulls == 0;
    parts.push_back(column_sql(column, types[i], (column.not_null && holds) || in_key(i)));
  }
  TableDefinition definition;
  definition.quoted = libpq::qualified(target_schema, relation.name);
  definition.rows_sql = fmt::format("CREATE TABLE {} ({})", definition.quoted, fmt::join(parts, ", "));
  if (!key.empty()) {
    std::vector<std::string> names;
    for (const std::size_t position : key) names.push_back(libpq::quote_column(relation.columns[position].name));
    parts.push_back(fmt::format("PRIMARY KEY ({})", fmt::join(names, ", ")));
  }
  definition.create_sql = fmt::format("CREATE TABLE {} ({})", definition.quoted, fmt::join(parts, ", "));
  return definition;
}

}  // namespace pgmirror::sinks::postgres
