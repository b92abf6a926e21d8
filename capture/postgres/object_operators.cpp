#include <fmt/format.h>

#include "capture/postgres/object_readers.hpp"
#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres {
namespace {

constexpr auto after_data = change::SchemaStatement::Stage::after_data;

/// Of objects that an extension brings.
std::string not_of_an_extension(const char* catalog, const char* oid) {
  return fmt::format(
      " NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.{}'::pg_catalog.regclass"
      " AND e.objid = {} AND e.deptype = 'e')",
      catalog, oid);
}

/// Columns: oid, schema, name, left and right type, then the clauses behind them.
void read_plain_operators(libpq::Connection& connection, SchemaObjects& objects) {
  const libpq::Result result = connection.execute(
      "SELECT o.oid, n.nspname, o.oprname, CASE WHEN o.oprleft <> 0 THEN pg_catalog.format_type(o.oprleft, NULL) END,"
      " CASE WHEN o.oprright <> 0 THEN pg_catalog.format_type(o.oprright, NULL) END,"
      " pg_catalog.concat('FUNCTION = ', o.oprcode::pg_catalog.regproc,"
      "  ', LEFTARG = ' || pg_catalog.format_type(nullif(o.oprleft, 0), NULL),"
      "  ', RIGHTARG = ' || pg_catalog.format_type(nullif(o.oprright, 0), NULL),"
      "  (SELECT pg_catalog.format(', COMMUTATOR = OPERATOR(%I.%s)', cn.nspname, c.oprname) FROM "
      "pg_catalog.pg_operator c"
      "   JOIN pg_catalog.pg_namespace cn ON cn.oid = c.oprnamespace WHERE c.oid = o.oprcom),"
      "  (SELECT pg_catalog.format(', NEGATOR = OPERATOR(%I.%s)', cn.nspname, c.oprname) FROM pg_catalog.pg_operator c"
      "   JOIN pg_catalog.pg_namespace cn ON cn.oid = c.oprnamespace WHERE c.oid = o.oprnegate),"
      "  ', RESTRICT = ' || nullif(o.oprrest, 0)::pg_catalog.regproc, ', JOIN = ' ||"
      "  nullif(o.oprjoin, 0)::pg_catalog.regproc, CASE WHEN o.oprcanhash THEN ', HASHES' END,"
      "  CASE WHEN o.oprcanmerge THEN ', MERGES' END)"
      " FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace"
      // A shell is made by the operator that names it.
      " WHERE o.oid >= 16384 AND o.oprcode <> 0 AND" +
      not_of_an_extension("pg_operator", "o.oid"));
  for (int row = 0; row < result.rows(); ++row) {
    const std::string name = libpq::quote_identifier(result.text(row, 1)) + "." + std::string(result.text(row, 2));
    const auto type = [&](int column) { return result.is_null(row, column) ? "NONE" : result.text(row, column); };
    objects.push_back({.node = {catalogs::operation, static_cast<ObjectId>(result.integer(row, 0))},
                       .rank = SchemaObject::Rank::function,
                       .statement = {.stage = after_data,
                                     .kind = "operator",
                                     .schema = std::string(result.text(row, 1)),
                                     .name = fmt::format("{}({}, {})", result.text(row, 2), type(3), type(4)),
                                     .sql = fmt::format("CREATE OPERATOR {} ({})", name, result.text(row, 5))},
                       .undo = fmt::format("DROP OPERATOR IF EXISTS {} ({}, {})", name, type(3), type(4))});
  }
}

/// Operators and functions of a class (2616) or, without one, of a family (2753), as they stand in CREATE and ALTER.
std::string members_of(const char* owner_catalog, const char* owner) {
  return fmt::format(
      "(SELECT pg_catalog.string_agg(m.item, ', ' ORDER BY m.item) FROM ("
      " SELECT pg_catalog.format('OPERATOR %s %s%s', p.amopstrategy, p.amopopr::pg_catalog.regoperator,"
      "  CASE WHEN p.amoppurpose = 'o' THEN (SELECT pg_catalog.format(' FOR ORDER BY %I.%I', sn.nspname, s.opfname)"
      "   FROM pg_catalog.pg_opfamily s JOIN pg_catalog.pg_namespace sn ON sn.oid = s.opfnamespace"
      "   WHERE s.oid = p.amopsortfamily) END) AS item"
      " FROM pg_catalog.pg_amop p JOIN pg_catalog.pg_depend d ON d.classid = 2602 AND d.objid = p.oid"
      "  AND d.refclassid = {0} AND d.refobjid = {1} AND d.deptype <> 'n'"
      " UNION ALL SELECT pg_catalog.format('FUNCTION %s (%s, %s) %s', p.amprocnum,"
      "  pg_catalog.format_type(p.amproclefttype, NULL), pg_catalog.format_type(p.amprocrighttype, NULL),"
      "  p.amproc::pg_catalog.oid::pg_catalog.regprocedure)"
      " FROM pg_catalog.pg_amproc p JOIN pg_catalog.pg_depend d ON d.classid = 2603 AND d.objid = p.oid"
      "  AND d.refclassid = {0} AND d.refobjid = {1} AND d.deptype <> 'n') m)",
      owner_catalog, owner);
}

void read_families(libpq::Connection& connection, SchemaObjects& objects) {
  const libpq::Result result =
      connection.execute("SELECT f.oid, n.nspname, f.opfname, a.amname, " + members_of("2753", "f.oid") +
                         " FROM pg_catalog.pg_opfamily f JOIN pg_catalog.pg_namespace n ON n.oid = f.opfnamespace"
                         " JOIN pg_catalog.pg_am a ON a.oid = f.opfmethod WHERE f.oid >= 16384 AND" +
                         not_of_an_extension("pg_opfamily", "f.oid"));
  for (int row = 0; row < result.rows(); ++row) {
    const std::string family = fmt::format("{} USING {}", libpq::qualified(result.text(row, 1), result.text(row, 2)),
                                           libpq::quote_identifier(result.text(row, 3)));
    std::string sql = "CREATE OPERATOR FAMILY " + family;
    if (!result.is_null(row, 4)) sql += fmt::format("; ALTER OPERATOR FAMILY {} ADD {}", family, result.text(row, 4));
    objects.push_back({.node = {catalogs::operator_family, static_cast<ObjectId>(result.integer(row, 0))},
                       .rank = SchemaObject::Rank::function,
                       .statement = {.stage = after_data,
                                     .kind = "operator family",
                                     .schema = std::string(result.text(row, 1)),
                                     .name = fmt::format("{} using {}", result.text(row, 2), result.text(row, 3)),
                                     .sql = std::move(sql)},
                       .undo = "DROP OPERATOR FAMILY IF EXISTS " + family});
  }
}

void read_classes(libpq::Connection& connection, SchemaObjects& objects) {
  const libpq::Result result = connection.execute(
      "SELECT c.oid, n.nspname, c.opcname, a.amname, CASE WHEN c.opcdefault THEN 'DEFAULT ' ELSE '' END,"
      " pg_catalog.format_type(c.opcintype, NULL), pg_catalog.format('%I.%I', fn.nspname, f.opfname), " +
      members_of("2616", "c.oid") +
      ", pg_catalog.format_type(coalesce(nullif(c.opckeytype, 0), c.opcintype), NULL), f.oid"
      " FROM pg_catalog.pg_opclass c JOIN pg_catalog.pg_namespace n ON n.oid = c.opcnamespace"
      " JOIN pg_catalog.pg_am a ON a.oid = c.opcmethod JOIN pg_catalog.pg_opfamily f ON f.oid = c.opcfamily"
      " JOIN pg_catalog.pg_namespace fn ON fn.oid = f.opfnamespace WHERE c.oid >= 16384 AND" +
      not_of_an_extension("pg_opclass", "c.oid"));
  for (int row = 0; row < result.rows(); ++row) {
    const std::string name = libpq::qualified(result.text(row, 1), result.text(row, 2));
    const std::string method = libpq::quote_identifier(result.text(row, 3));
    std::string members(result.text(row, 7));
    // A class has to name something: its storage, if nothing else.
    if (members.empty() || result.text(row, 8) != result.text(row, 5)) {
      members += fmt::format("{}STORAGE {}", members.empty() ? "" : ", ", result.text(row, 8));
    }
    objects.push_back(
        {.node = {catalogs::operator_class, static_cast<ObjectId>(result.integer(row, 0))},
         .rank = SchemaObject::Rank::function,
         .statement = {.stage = after_data,
                       .kind = "operator class",
                       .schema = std::string(result.text(row, 1)),
                       .name = fmt::format("{} using {}", result.text(row, 2), result.text(row, 3)),
                       .sql =
                           fmt::format("CREATE OPERATOR CLASS {} {}FOR TYPE {} USING {} FAMILY {} AS {}", name,
                                       result.text(row, 4), result.text(row, 5), method, result.text(row, 6), members)},
         .after = {{catalogs::operator_family, static_cast<ObjectId>(result.integer(row, 9))}},
         .undo = fmt::format("DROP OPERATOR CLASS IF EXISTS {} USING {}", name, method)});
  }
}

}  // namespace

SchemaObjects read_operators(libpq::Connection& connection) {
  SchemaObjects objects;
  read_plain_operators(connection, objects);
  read_families(connection, objects);
  read_classes(connection, objects);
  return objects;
}

}  // namespace pgmirror::capture::postgres
