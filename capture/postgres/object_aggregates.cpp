#include <fmt/format.h>

#include "capture/postgres/object_readers.hpp"
#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres {

/// The server has no deparser for them: clause by clause (manual, "CREATE AGGREGATE").
SchemaObjects read_aggregates(libpq::Connection& connection) {
  const libpq::Result result = connection.execute(
      "SELECT p.oid, n.nspname, p.proname, coalesce(nullif(pg_catalog.pg_get_function_arguments(p.oid), ''), '*'),"
      " coalesce(nullif(pg_catalog.pg_get_function_identity_arguments(p.oid), ''), '*'),"
      " pg_catalog.concat('SFUNC = ', a.aggtransfn, ', STYPE = ', pg_catalog.format_type(a.aggtranstype, NULL),"
      "  ', SSPACE = ' || nullif(a.aggtransspace, 0),"
      "  ', FINALFUNC = ' || nullif(a.aggfinalfn::pg_catalog.oid, 0)::pg_catalog.regproc,"
      "  CASE WHEN a.aggfinalextra THEN ', FINALFUNC_EXTRA' END,"
      "  CASE WHEN a.aggfinalfn <> 0 THEN CASE a.aggfinalmodify WHEN 'r' THEN ', FINALFUNC_MODIFY = READ_ONLY'"
      "   WHEN 's' THEN ', FINALFUNC_MODIFY = SHAREABLE' ELSE ', FINALFUNC_MODIFY = READ_WRITE' END END,"
      "  ', COMBINEFUNC = ' || nullif(a.aggcombinefn::pg_catalog.oid, 0)::pg_catalog.regproc,"
      "  ', SERIALFUNC = ' || nullif(a.aggserialfn::pg_catalog.oid, 0)::pg_catalog.regproc,"
      "  ', DESERIALFUNC = ' || nullif(a.aggdeserialfn::pg_catalog.oid, 0)::pg_catalog.regproc,"
      "  ', INITCOND = ' || pg_catalog.quote_literal(a.agginitval),"
      "  ', MSFUNC = ' || nullif(a.aggmtransfn::pg_catalog.oid, 0)::pg_catalog.regproc,"
      "  ', MINVFUNC = ' || nullif(a.aggminvtransfn::pg_catalog.oid, 0)::pg_catalog.regproc,"
      "  ', MSTYPE = ' || pg_catalog.format_type(nullif(a.aggmtranstype, 0), NULL),"
      "  ', MSSPACE = ' || nullif(a.aggmtransspace, 0),"
      "  ', MFINALFUNC = ' || nullif(a.aggmfinalfn::pg_catalog.oid, 0)::pg_catalog.regproc,"
      "  CASE WHEN a.aggmfinalextra THEN ', MFINALFUNC_EXTRA' END,"
      "  ', MINITCOND = ' || pg_catalog.quote_literal(a.aggminitval),"
      "  (SELECT pg_catalog.format(', SORTOP = OPERATOR(%I.%s)', s.nspname, o.oprname) FROM pg_catalog.pg_operator o"
      "   JOIN pg_catalog.pg_namespace s ON s.oid = o.oprnamespace WHERE o.oid = a.aggsortop),"
      "  CASE p.proparallel WHEN 's' THEN ', PARALLEL = SAFE' WHEN 'r' THEN ', PARALLEL = RESTRICTED' END,"
      "  CASE WHEN a.aggkind = 'h' THEN ', HYPOTHETICAL' END)"
      " FROM pg_catalog.pg_aggregate a JOIN pg_catalog.pg_proc p ON p.oid = a.aggfnoid"
      " JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace"
      " WHERE p.oid >= 16384 AND n.nspname <> 'pgmirror' AND n.nspname !~ '^pg_temp'"
      " AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass"
      "                 AND e.objid = p.oid AND e.deptype = 'e')");
  SchemaObjects objects;
  for (int row = 0; row < result.rows(); ++row) {
    const std::string name = libpq::qualified(result.text(row, 1), result.text(row, 2));
    objects.push_back({.node = {catalogs::function, static_cast<ObjectId>(result.integer(row, 0))},
                       .rank = SchemaObject::Rank::function,
                       .statement = {.stage = change::SchemaStatement::Stage::after_data,
                                     .kind = "aggregate",
                                     .schema = std::string(result.text(row, 1)),
                                     .name = fmt::format("{}({})", result.text(row, 2), result.text(row, 4)),
                                     .sql = fmt::format("CREATE AGGREGATE {}({}) ({})", name, result.text(row, 3),
                                                        result.text(row, 5))},
                       .undo = fmt::format("DROP AGGREGATE IF EXISTS {}({})", name, result.text(row, 4))});
  }
  return objects;
}

SchemaObjects read_casts(libpq::Connection& connection) {
  const libpq::Result result = connection.execute(
      "SELECT c.oid, n.nspname, pg_catalog.format_type(c.castsource, NULL), pg_catalog.format_type(c.casttarget, NULL),"
      " CASE c.castmethod WHEN 'f' THEN 'WITH FUNCTION ' || c.castfunc::pg_catalog.regprocedure"
      "  WHEN 'i' THEN 'WITH INOUT' ELSE 'WITHOUT FUNCTION' END ||"
      " CASE c.castcontext WHEN 'a' THEN ' AS ASSIGNMENT' WHEN 'i' THEN ' AS IMPLICIT' ELSE '' END"
      " FROM pg_catalog.pg_cast c JOIN pg_catalog.pg_type t ON t.oid = CASE WHEN c.castsource >= 16384 THEN"
      "  c.castsource ELSE c.casttarget END JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace"
      // Those of a range to its multirange come with the type.
      " WHERE c.oid >= 16384 AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend i WHERE i.objid = c.oid"
      "  AND i.classid = 'pg_catalog.pg_cast'::pg_catalog.regclass AND i.deptype = 'i')"
      " AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_cast'::pg_catalog.regclass"
      "                 AND e.objid = c.oid AND e.deptype = 'e')");
  SchemaObjects objects;
  for (int row = 0; row < result.rows(); ++row) {
    const std::string cast = fmt::format("({} AS {})", result.text(row, 2), result.text(row, 3));
    objects.push_back({.node = {catalogs::cast, static_cast<ObjectId>(result.integer(row, 0))},
                       .rank = SchemaObject::Rank::function,
                       .statement = {.stage = change::SchemaStatement::Stage::after_data,
                                     .kind = "cast",
                                     .schema = std::string(result.text(row, 1)),
                                     .name = cast,
                                     .sql = fmt::format("CREATE CAST {} {}", cast, result.text(row, 4))},
                       .undo = "DROP CAST IF EXISTS " + cast});
  }
  return objects;
}

}  // namespace pgmirror::capture::postgres
