#include "capture/postgres/object_dependencies.hpp"

#include <fmt/format.h>

#include "capture/postgres/server_versions.hpp"

namespace pgmirror::capture::postgres {
namespace {

/// Identifiers below are the server's own objects, which every server has.
constexpr ObjectId first_user_object = 16384;

ObjectId object_id(const libpq::Result& result, int row, int column) {
  return static_cast<ObjectId>(result.integer(row, column));
}

}  // namespace

std::string object_parts_sql(int server_version) {
  return fmt::format(
      "SELECT {0}, oid, {1}, adrelid, adnum::int FROM pg_catalog.pg_attrdef"
      " UNION ALL SELECT {2}, oid, {1}, ev_class, 0 FROM pg_catalog.pg_rewrite WHERE oid >= {6}"
      " UNION ALL SELECT {3}, oid, {3}, typelem, 0 FROM pg_catalog.pg_type"
      "  WHERE oid >= {6} AND typcategory = 'A' AND typelem <> 0"
      " UNION ALL SELECT {3}, t.oid, {1}, c.oid, 0 FROM pg_catalog.pg_type t JOIN pg_catalog.pg_class c"
      "  ON c.oid = t.typrelid AND c.relkind <> 'c' WHERE t.oid >= {6}"
      " UNION ALL SELECT {1}, oid, {3}, reltype, 0 FROM pg_catalog.pg_class WHERE relkind = 'c' AND oid >= {6}"
      " UNION ALL SELECT {1}, conindid, {4}, oid, 0 FROM pg_catalog.pg_constraint WHERE contype IN ('p', 'u', 'x')"
      " UNION ALL SELECT {4}, oid, {3}, contypid, 0 FROM pg_catalog.pg_constraint WHERE contypid <> 0"
      " UNION ALL SELECT classid, objid, refclassid, refobjid, 0 FROM pg_catalog.pg_depend"
      "  WHERE classid IN ({7}, {8}) AND refclassid IN ({9}, {10}) AND deptype <> 'n' AND objid >= {6}{5}",
      catalogs::column_default, catalogs::relation, catalogs::rule, catalogs::type, catalogs::constraint,
      server_version < since::multiranges
          ? ""
          : fmt::format(" UNION ALL SELECT {0}, rngmultitypid, {0}, rngtypid, 0 FROM pg_catalog.pg_range"
                        " WHERE rngtypid >= {1}",
                        catalogs::type, first_user_object),
      first_user_object, catalogs::operator_member, catalogs::function_member, catalogs::operator_class,
      catalogs::operator_family);
}

ObjectDependencies::ObjectDependencies(libpq::Connection& connection) {
  read_parts(connection);
  read_needs(connection);
}

void ObjectDependencies::read_parts(libpq::Connection& connection) {
  const libpq::Result result = connection.execute(object_parts_sql(connection.server_version()));
  for (int row = 0; row < result.rows(); ++row) {
    parts_[{object_id(result, row, 0), object_id(result, row, 1)}] = {
        .object = {object_id(result, row, 2), object_id(result, row, 3)},
        .column = static_cast<int>(result.integer(row, 4))};
  }
}

ObjectDependencies::Place ObjectDependencies::whole(ObjectNode object, int column) const {
  for (auto part = parts_.find(object); part != parts_.end(); part = parts_.find(object)) {
    object = part->second.object;
    column = part->second.column;
  }
  return {.object = object, .column = column};
}

void ObjectDependencies::read_needs(libpq::Connection& connection) {
  const libpq::Result result = connection.execute(
      fmt::format("SELECT d.classid, d.objid, d.objsubid, d.refclassid, d.refobjid, d.refobjsubid, d.deptype FROM"
                  " pg_catalog.pg_depend d WHERE d.refobjid >= {0} AND d.objid >= {0} AND NOT (d.classid = {1} AND "
                  "d.refclassid = {1}"
                  // What a sequence belongs to needs the sequence, and is told when both stand.
                  " AND EXISTS (SELECT FROM pg_catalog.pg_class s WHERE s.oid = d.objid AND s.relkind = 'S'))",
                  first_user_object, catalogs::relation));
  for (int row = 0; row < result.rows(); ++row) {
    const ObjectNode part{object_id(result, row, 0), object_id(result, row, 1)};
    const ObjectNode needed{object_id(result, row, 3), object_id(result, row, 4)};
    if (result.text(row, 6) == "e") {
      extensions_[part] = needed;
      continue;
    }
    const Place from = whole(part, static_cast<int>(result.integer(row, 2)));
    const Place to = whole(needed, static_cast<int>(result.integer(row, 5)));
    if (from.object == to.object && to.column == 0) continue;
    needs_[from.object].push_back({.own_column = from.column, .object = to.object, .column = to.column});
  }
}

const std::vector<ObjectDependencies::Need>& ObjectDependencies::of(ObjectNode object) const {
  static const std::vector<Need> nothing;
  const auto at = needs_.find(object);
  return at == needs_.end() ? nothing : at->second;
}

std::optional<ObjectNode> ObjectDependencies::extension_of(ObjectNode object) const {
  const auto at = extensions_.find(object);
  return at == extensions_.end() ? std::nullopt : std::optional(at->second);
}

}  // namespace pgmirror::capture::postgres
