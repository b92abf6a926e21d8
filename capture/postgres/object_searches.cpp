#include <fmt/format.h>

#include "capture/postgres/object_readers.hpp"
#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres {
namespace {

SchemaObject search_object(const libpq::Result& result, int row, ObjectId catalog, const char* kind,
                           const char* keywords, const std::string& definition) {
  const std::string name = libpq::qualified(result.text(row, 1), result.text(row, 2));
  return {.node = {catalog, static_cast<ObjectId>(result.integer(row, 0))},
          .rank = SchemaObject::Rank::function,
          .statement = {.stage = change::SchemaStatement::Stage::after_data,
                        .kind = kind,
                        .schema = std::string(result.text(row, 1)),
                        .name = std::string(result.text(row, 2)),
                        .sql = fmt::format("CREATE TEXT SEARCH {} {} ({})", keywords, name, definition)},
          .undo = fmt::format("DROP TEXT SEARCH {} IF EXISTS {}", keywords, name)};
}

}  // namespace

/// Files that a dictionary names (stop words, a thesaurus) have to be on the mirror's server.
SchemaObjects read_text_search(libpq::Connection& connection) {
  SchemaObjects objects;
  const libpq::Result dictionaries = connection.execute(
      "SELECT d.oid, n.nspname, d.dictname, pg_catalog.format('TEMPLATE = %I.%I', tn.nspname, t.tmplname) ||"
      " coalesce(', ' || d.dictinitoption, '')"
      " FROM pg_catalog.pg_ts_dict d JOIN pg_catalog.pg_namespace n ON n.oid = d.dictnamespace"
      " JOIN pg_catalog.pg_ts_template t ON t.oid = d.dicttemplate"
      " JOIN pg_catalog.pg_namespace tn ON tn.oid = t.tmplnamespace WHERE d.oid >= 16384"
      " AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.deptype = 'e'"
      "  AND e.classid = 'pg_catalog.pg_ts_dict'::pg_catalog.regclass AND e.objid = d.oid)");
  for (int row = 0; row < dictionaries.rows(); ++row) {
    objects.push_back(search_object(dictionaries, row, catalogs::search_dictionary, "text search dictionary",
                                    "DICTIONARY", std::string(dictionaries.text(row, 3))));
  }
  const libpq::Result configurations = connection.execute(
      "SELECT c.oid, n.nspname, c.cfgname, pg_catalog.format('PARSER = %I.%I', pn.nspname, p.prsname),"
      " (SELECT pg_catalog.string_agg(pg_catalog.format('; ALTER TEXT SEARCH CONFIGURATION %I.%I ADD MAPPING FOR %I"
      "   WITH %s', n.nspname, c.cfgname, m.alias, m.dictionaries), '' ORDER BY m.alias) FROM"
      "  (SELECT k.alias, pg_catalog.string_agg(pg_catalog.format('%I.%I', dn.nspname, d.dictname), ', '"
      "     ORDER BY y.mapseqno) AS dictionaries"
      "   FROM pg_catalog.pg_ts_config_map y JOIN pg_catalog.ts_token_type(c.cfgparser) k ON k.tokid = y.maptokentype"
      "   JOIN pg_catalog.pg_ts_dict d ON d.oid = y.mapdict JOIN pg_catalog.pg_namespace dn ON dn.oid = d.dictnamespace"
      "   WHERE y.mapcfg = c.oid GROUP BY k.alias) m)"
      " FROM pg_catalog.pg_ts_config c JOIN pg_catalog.pg_namespace n ON n.oid = c.cfgnamespace"
      " JOIN pg_catalog.pg_ts_parser p ON p.oid = c.cfgparser"
      " JOIN pg_catalog.pg_namespace pn ON pn.oid = p.prsnamespace WHERE c.oid >= 16384"
      " AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.deptype = 'e'"
      "  AND e.classid = 'pg_catalog.pg_ts_config'::pg_catalog.regclass AND e.objid = c.oid)");
  for (int row = 0; row < configurations.rows(); ++row) {
    SchemaObject object =
        search_object(configurations, row, catalogs::search_configuration, "text search configuration", "CONFIGURATION",
                      std::string(configurations.text(row, 3)));
    object.statement.sql += configurations.text(row, 4);
    objects.push_back(std::move(object));
  }
  return objects;
}

}  // namespace pgmirror::capture::postgres
