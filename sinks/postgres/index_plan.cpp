#include "sinks/postgres/index_plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "libpq/identifier.hpp"
#include "sinks/postgres/predicate.hpp"

namespace pgmirror::sinks::postgres {
namespace {

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

const MirrorColumn* column_named(const MirrorTable& table, const std::string& source_name) {
  const auto found = std::ranges::find_if(table.columns, [&](const MirrorColumn& column) {
    return table.relation->columns[column.source].name == source_name;
  });
  return found == table.columns.end() ? nullptr : &*found;
}

std::vector<std::string> mirror_names(const std::vector<std::string>& names) {
  std::vector<std::string> out;
  for (const std::string& name : names) out.push_back(libpq::mirror_column(name));
  return out;
}

std::vector<std::string> quoted_names(const std::vector<std::string>& names) {
  std::vector<std::string> out;
  for (const std::string& name : names) out.push_back(libpq::quote_column(name));
  return out;
}

bool is_key_of(const MirrorTable& table, const change::Index& index) {
  std::vector<std::string> key;
  for (const std::size_t place : table.key) key.push_back(table.relation->columns[table.columns[place].source].name);
  return index.unique && index.where_sql.empty() && std::ranges::is_permutation(key, index.columns);
}

}  // namespace

std::string mirror_index_name(const change::Relation& relation, const change::Index& index) {
  // Made by a constraint; SQLite's own name says nothing and PostgreSQL has a habit for it.
  if (index.definition.empty())
    return libpq::mirror_identifier(fmt::format("{}_{}_key", relation.name, fmt::join(index.columns, "_")));
  return libpq::mirror_identifier(index.name);
}

std::string foreign_key_name(const change::Relation& relation, const change::ForeignKey& key) {
  return libpq::mirror_identifier(fmt::format("{}_{}_fkey", relation.name, fmt::join(key.columns, "_")));
}

ObjectPlan plan_index(const MirrorTable& table, const change::Index& index) {
  ObjectPlan plan;
  if (is_key_of(table, index)) return plan;
  const auto left_out = [&](const std::string& why) {
    plan.reason = fmt::format("index {} of table {}: {}", index.name, table.relation->qualified_name(), why);
    return plan;
  };
  if (index.columns.empty())
    return left_out("it is over an expression; create it in the mirror by hand if you need it");

  std::vector<std::string> parts;
  for (std::size_t i = 0; i < index.columns.size(); ++i) {
    const MirrorColumn* column = column_named(table, index.columns[i]);
    if (column == nullptr) return left_out(fmt::format("column {} is not in the mirror", index.columns[i]));
    std::string collation = i < index.collations.size() ? index.collations[i] : "";
    if (collation.empty()) collation = table.relation->columns[column->source].collation;
    collation = upper(collation);
    const bool is_text = column->type.encoding == TargetType::Encoding::text;
    if (collation.empty() || collation == "BINARY" || !is_text) {
      parts.push_back(column->quoted);
    } else if (collation == "NOCASE") {
      parts.push_back(fmt::format("pg_catalog.lower({} COLLATE pg_catalog.\"C\")", column->quoted));
    } else {
      return left_out(fmt::format("collation {} has no counterpart in PostgreSQL", collation));
    }
  }
  std::string where;
  if (!index.where_sql.empty()) {
    const auto predicate = translate_predicate(table, index.where_sql);
    if (!predicate) return left_out("its WHERE has no exact counterpart in PostgreSQL");
    where = " WHERE " + *predicate;
  }
  plan.name = mirror_index_name(*table.relation, index);
  plan.sql = fmt::format("CREATE {}INDEX {} ON {} ({}){}", index.unique ? "UNIQUE " : "",
                         libpq::quote_identifier(plan.name), table.quoted, fmt::join(parts, ", "), where);
  return plan;
}

ObjectPlan plan_foreign_key(const MirrorTable& child, const change::ForeignKey& key, const std::string& parent_quoted,
                            const CatalogTable* parent) {
  ObjectPlan plan;
  plan.name = foreign_key_name(*child.relation, key);
  const auto left_out = [&](const std::string& why) {
    plan.reason = fmt::format("foreign key from {} ({}) to {}: {}", child.relation->qualified_name(),
                              fmt::join(key.columns, ", "), key.referenced_table, why);
    return plan;
  };
  if (parent == nullptr) return left_out("the referenced table is not mirrored");
  const std::vector<std::string> referenced = mirror_names(key.referenced_columns);
  for (std::size_t i = 0; i < key.columns.size(); ++i) {
    const MirrorColumn* from = column_named(child, key.columns[i]);
    const CatalogColumn* to = parent->column(referenced[i]);
    if (from == nullptr || to == nullptr) return left_out("one of its columns is not mirrored");
    if (from->type.sql != to->type.sql) {
      return left_out(fmt::format("{} is {} and {} is {}", key.columns[i], from->type.sql, to->name, to->type.sql));
    }
  }
  const bool identified =
      std::ranges::any_of(parent->indexes, [&](const CatalogIndex& index) { return index.identifies(referenced); });
  if (!identified) return left_out("the referenced columns have no unique index in the mirror");
  plan.sql =
      fmt::format("ALTER TABLE {} ADD CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({}) DEFERRABLE INITIALLY DEFERRED",
                  child.quoted, libpq::quote_identifier(plan.name), fmt::join(quoted_names(key.columns), ", "),
                  parent_quoted, fmt::join(quoted_names(key.referenced_columns), ", "));
  return plan;
}

}  // namespace pgmirror::sinks::postgres
