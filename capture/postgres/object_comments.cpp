#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
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

}  // namespace

SchemaObjects read_comments(libpq::Connection& connection, const ScriptScope& scope, const SchemaObjects& made) {
  std::set<ObjectNode> standing;
  for (const SchemaObject& object : made) standing.insert(object.node);
  const libpq::Result result = connection.execute(
      "SELECT d.classoid, d.objoid, d.objsubid, d.description, i.type, i.schema, i.identity, t.oid"
      " FROM pg_catalog.pg_description d"
      " JOIN LATERAL pg_catalog.pg_identify_object(d.classoid, d.objoid, d.objsubid) i ON true"
      " LEFT JOIN pg_catalog.pg_type t ON d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass"
      "  AND t.typrelid = d.objoid AND EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = d.objoid"
      "  AND c.relkind = 'c')"
      " WHERE d.objoid >= 16384 AND i.identity IS NOT NULL ORDER BY 1, 2, 3");
  SchemaObjects objects;
  for (int row = 0; row < result.rows(); ++row) {
    ObjectNode node{static_cast<ObjectId>(result.integer(row, 0)), static_cast<ObjectId>(result.integer(row, 1))};
    if (!result.is_null(row, 7)) node = {catalogs::type, static_cast<ObjectId>(result.integer(row, 7))};
    const int column = static_cast<int>(result.integer(row, 2));
    if (node.catalog == catalogs::extension || !standing.contains(node)) continue;
    if (column > 0 && scope.has_table(node.oid) && !scope.has_column(node.oid, column)) continue;
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
