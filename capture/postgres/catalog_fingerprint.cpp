#include "capture/postgres/catalog_fingerprint.hpp"

namespace pgmirror::capture::postgres {

/// Each write of a catalog row leaves the writer's transaction in it, so the sum over a catalog changes with it; the
/// count tells what is gone. Statistics and VACUUM write in place and leave no trace.
std::string catalog_fingerprint(libpq::Connection& connection) {
  struct Part {
    const char* catalog;
    const char* place;  ///< a number that tells a row from the others
    const char* rows;
  };
  static constexpr Part parts[] = {
      {"pg_class", "oid::pg_catalog.int8", "oid >= 16384 AND relpersistence <> 't'"},
      {"pg_attribute", "attrelid::pg_catalog.int8 * 2048 + attnum", "attrelid >= 16384 AND attnum > 0"},
      {"pg_attrdef", "oid::pg_catalog.int8", "true"},
      {"pg_index", "indexrelid::pg_catalog.int8", "indexrelid >= 16384"},
      {"pg_constraint", "oid::pg_catalog.int8", "oid >= 16384"},
      {"pg_inherits", "inhrelid::pg_catalog.int8", "true"},
      {"pg_namespace", "oid::pg_catalog.int8", "true"},
      {"pg_type", "oid::pg_catalog.int8", "oid >= 16384"},
      {"pg_enum", "oid::pg_catalog.int8", "true"},
      {"pg_proc", "oid::pg_catalog.int8", "oid >= 16384"},
      {"pg_rewrite", "oid::pg_catalog.int8", "oid >= 16384"},
      {"pg_policy", "oid::pg_catalog.int8", "true"},
      {"pg_trigger", "oid::pg_catalog.int8", "true"},
      {"pg_sequence", "seqrelid::pg_catalog.int8", "true"},
      {"pg_statistic_ext", "oid::pg_catalog.int8", "true"},
      {"pg_description", "objoid::pg_catalog.int8", "objoid >= 16384"},
      {"pg_extension", "oid::pg_catalog.int8", "true"},
      {"pg_collation", "oid::pg_catalog.int8", "oid >= 16384"},
      {"pg_operator", "oid::pg_catalog.int8", "oid >= 16384"},
      {"pg_opclass", "oid::pg_catalog.int8", "oid >= 16384"},
      {"pg_opfamily", "oid::pg_catalog.int8", "oid >= 16384"},
      {"pg_amop", "oid::pg_catalog.int8", "oid >= 16384"},
      {"pg_amproc", "oid::pg_catalog.int8", "oid >= 16384"},
      {"pg_cast", "oid::pg_catalog.int8", "oid >= 16384"},
      {"pg_ts_dict", "oid::pg_catalog.int8", "oid >= 16384"},
      {"pg_ts_config", "oid::pg_catalog.int8", "oid >= 16384"},
      {"pg_ts_config_map", "mapcfg::pg_catalog.int8 * 1024 + maptokentype", "mapcfg >= 16384"},
  };
  std::string sql;
  for (const Part& part : parts) {
    sql += sql.empty() ? "SELECT pg_catalog.concat_ws(' '" : "";
    sql += std::string(
               ", (SELECT pg_catalog.concat(pg_catalog.count(*), ':',"
               " pg_catalog.sum(pg_catalog.hashint8extended(xmin::pg_catalog.text::pg_catalog.int8, ")
               .append(part.place)
               .append("))) FROM pg_catalog.")
               .append(part.catalog)
               .append(" WHERE ")
               .append(part.rows)
               .append(")");
  }
  return std::string(connection.execute(sql + ")").text(0, 0));
}

}  // namespace pgmirror::capture::postgres
