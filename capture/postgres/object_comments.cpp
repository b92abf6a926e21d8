#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "capture/postgres/object_readers.hpp"
#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres {
namespace {

/// What pg_identify_object() calls an object and how COMMENT ON does, where that differs in more than case.
std::string comment_kind(std::string_view type) {
  static constexpr std::array<std::pair<std::string_view, const char*>, 3> different{
      {{"table constraint", "CONSTRAINT"}, {"composite type", "TYPE"}, {"statistics object", "STATISTICS"}}};
  for (const auto& [name, keyword] : different) {
    if (name == type) return keyword;
  }
  if (type.ends_with(" column")) return "COLUMN";
  std::string kind(type);
  std::ranges::transform(kind, kind.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return kind;
}

/// What belongs to a mirrored table is told with it; nothing for all else. The words are still to come.
std::optional<SchemaObject> comment_on_part(const SchemaObject& about, const ScriptScope& scope,
                                            std::string_view column) {
  const bool of_table = about.statement.kind == "table" && scope.has_table(about.node.oid);
  if (!of_table && about.statement.table.empty()) return std::nullopt;
  const std::string& schema = about.statement.schema;
  const std::string& table = of_table ? about.statement.name : about.statement.table;
  std::string subject;
  std::string key = "comment";
  if (!column.empty()) {
    subject = fmt::format("COLUMN {}.{}", libpq::qualified(schema, table), libpq::quote_identifier(column));
    key += fmt::format(" column {}", column);
  } else if (of_table) {
    subject = "TABLE " + libpq::qualified(schema, table);
  } else {
    const std::string& part = about.statement.parts.front();
    const std::string name = part.substr(part.find(' ') + 1);
    subject = part.starts_with("index ")
                  ? "INDEX " + libpq::qualified(schema, name)
                  : fmt::format("CONSTRAINT {} ON {}", libpq::quote_identifier(name), libpq::qualified(schema, table));
    key += " " + part;
  }
  return SchemaObject{.node = {},
                      .rank = SchemaObject::Rank::comment,
                      .statement = {.stage = change::SchemaStatement::Stage::after_data,
                                    .kind = "comment",
                                    .schema = schema,
                                    .name = fmt::format("{}.{}", table, key),
                                    .sql = fmt::format("COMMENT ON {} IS ", subject),
                                    .table = table,
                                    .parts = {key}},
                      .after = {about.node},
                      .table = of_table ? about.node.oid : about.table};
}

}  // namespace

SchemaObjects read_comments(libpq::Connection& connection, const ScriptScope& scope, const SchemaObjects& made) {
  std::map<ObjectNode, const SchemaObject*> standing;
  for (const SchemaObject& object : made) {
    if (object.node.oid != 0) standing.emplace(object.node, &object);
  }
  const libpq::Result result = connection.execute(
      "SELECT d.classoid, d.objoid, d.objsubid, d.description, i.type, i.schema, i.identity, t.oid, a.attname"
      " FROM pg_catalog.pg_description d"
      " JOIN LATERAL pg_catalog.pg_identify_object(d.classoid, d.objoid, d.objsubid) i ON true"
      " LEFT JOIN pg_catalog.pg_type t ON d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass"
      "  AND t.typrelid = d.objoid AND EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = d.objoid"
      "  AND c.relkind = 'c')"
      " LEFT JOIN pg_catalog.pg_attribute a ON d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass"
      "  AND d.objsubid > 0 AND a.attrelid = d.objoid AND a.attnum = d.objsubid"
      " WHERE d.objoid >= 16384 AND i.identity IS NOT NULL ORDER BY 1, 2, 3");
  SchemaObjects objects;
  for (int row = 0; row < result.rows(); ++row) {
    ObjectNode node{static_cast<ObjectId>(result.integer(row, 0)), static_cast<ObjectId>(result.integer(row, 1))};
    if (!result.is_null(row, 7)) node = {catalogs::type, static_cast<ObjectId>(result.integer(row, 7))};
    const int column = static_cast<int>(result.integer(row, 2));
    const auto about = standing.find(node);
    if (node.catalog == catalogs::extension || about == standing.end()) continue;
    if (column > 0 && scope.has_table(node.oid) && !scope.has_column(node.oid, column)) continue;
    if (auto part = comment_on_part(*about->second, scope, column > 0 ? result.text(row, 8) : std::string_view{})) {
      part->statement.sql += libpq::quote_literal(result.text(row, 3));
      objects.push_back(std::move(*part));
      continue;
    }
    const std::string subject =
        fmt::format("COMMENT ON {} {} IS ", comment_kind(result.text(row, 4)), result.text(row, 6));
    objects.push_back({.node = {},
                       .rank = SchemaObject::Rank::comment,
                       .statement = {.stage = change::SchemaStatement::Stage::after_data,
                                     .kind = "comment",
                                     .schema = std::string(result.text(row, 5)),
                                     .name = std::string(result.text(row, 6)),
                                     .sql = subject + libpq::quote_literal(result.text(row, 3))},
                       .after = {node},
                       .table = node.catalog == catalogs::relation ? node.oid : 0,
                       .undo = subject + "NULL"});
  }
  return objects;
}

}  // namespace pgmirror::capture::postgres
