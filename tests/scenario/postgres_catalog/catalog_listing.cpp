#include "tests/scenario/postgres_catalog/catalog_listing.hpp"

#include <array>

namespace pgmirror::tests {
namespace {

/// Each gives lines. Schemas of the server and objects of extensions are left out by the view `app` below.
constexpr std::array queries{
    "SELECT 'schema ' || nspname FROM pg_namespace WHERE oid IN (SELECT oid FROM app)",
    "SELECT 'extension ' || extname || ' in ' || extnamespace::regnamespace FROM pg_extension WHERE extname <> "
    "'plpgsql'",
    "SELECT format('collation %s: %s %s %s', c.oid::regcollation, collprovider, collisdeterministic,"
    " coalesce(colliculocale, collcollate)) FROM pg_collation c WHERE collnamespace IN (SELECT oid FROM app)"
    " AND NOT member(c.oid)",
    "SELECT format('enum %s: %s', t.oid::regtype, array_agg(enumlabel ORDER BY enumsortorder)) FROM pg_enum e"
    " JOIN pg_type t ON t.oid = enumtypid WHERE typnamespace IN (SELECT oid FROM app) AND NOT member(t.oid)"
    " GROUP BY t.oid",
    "SELECT format('domain %s: %s %s %s %s', t.oid::regtype, format_type(typbasetype, typtypmod), typnotnull,"
    " typdefault, typcollation::regcollation) FROM pg_type t WHERE typtype = 'd'"
    " AND typnamespace IN (SELECT oid FROM app) AND NOT member(t.oid)",
    "SELECT format('domain constraint %s.%s: %s', contypid::regtype, conname, pg_get_constraintdef(oid))"
    " FROM pg_constraint WHERE contypid <> 0 AND connamespace IN (SELECT oid FROM app) AND NOT member(contypid)",
    "SELECT format('range %s: %s %s %s %s', rngtypid::regtype, rngsubtype::regtype, rngcollation::regcollation,"
    " rngsubdiff, rngmultitypid::regtype) FROM pg_range JOIN pg_type t ON t.oid = rngtypid"
    " WHERE typnamespace IN (SELECT oid FROM app) AND NOT member(t.oid)",
    "SELECT format('relation %s: %s %s %s', c.oid::regclass, relkind, relreplident, reloptions) FROM pg_class c"
    " WHERE relnamespace IN (SELECT oid FROM app) AND relkind IN ('r', 'p', 'v', 'm', 'c') AND NOT member(c.oid)",
    "SELECT format('column %s.%s: %s%s%s default %s%s%s', c.oid::regclass, attname, format_type(atttypid, atttypmod),"
    " CASE WHEN attcollation <> 0 AND attcollation <> typcollation THEN ' ' || attcollation::regcollation ELSE '' END,"
    " CASE WHEN attnotnull THEN ' not null' ELSE '' END, pg_get_expr(adbin, adrelid), attgenerated, attidentity)"
    " FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid JOIN pg_type t ON t.oid = atttypid"
    " LEFT JOIN pg_attrdef d ON adrelid = attrelid AND adnum = attnum"
    " WHERE attnum > 0 AND NOT attisdropped AND relnamespace IN (SELECT oid FROM app)"
    " AND relkind IN ('r', 'p', 'v', 'm', 'c') AND NOT member(c.oid)",
    "SELECT format('columns %s: %s', attrelid::regclass, array_agg(attname ORDER BY attnum)) FROM pg_attribute"
    " JOIN pg_class c ON c.oid = attrelid WHERE attnum > 0 AND NOT attisdropped"
    " AND relnamespace IN (SELECT oid FROM app) AND relkind IN ('r', 'p', 'c') AND NOT member(c.oid) GROUP BY attrelid",
    "SELECT format('constraint %s.%s: %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint"
    " WHERE conrelid <> 0 AND contype <> 't' AND connamespace IN (SELECT oid FROM app) AND conparentid = 0",
    "SELECT format('index %s: %s', indexrelid::regclass, pg_get_indexdef(indexrelid)) FROM pg_index"
    " JOIN pg_class c ON c.oid = indexrelid WHERE relnamespace IN (SELECT oid FROM app)",
    "SELECT format('identity index %s: %s', indrelid::regclass, indexrelid::regclass) FROM pg_index"
    " WHERE indisreplident",
    "SELECT format('view %s: %s', c.oid::regclass, pg_get_viewdef(c.oid)) FROM pg_class c WHERE relkind IN ('v', 'm')"
    " AND relnamespace IN (SELECT oid FROM app)",
    "SELECT format('function %s: %s', p.oid::regprocedure, pg_get_functiondef(p.oid)) FROM pg_proc p"
    " WHERE pronamespace IN (SELECT oid FROM app) AND prokind <> 'a' AND NOT member(p.oid)",
    "SELECT format('operator %s: %s %s', o.oid::regoperator, o.oprcode, o.oprcom::regoperator) FROM pg_operator o"
    " WHERE oprnamespace IN (SELECT oid FROM app) AND NOT member(o.oid)",
    "SELECT format('operator class %s: %s %s %s %s', c.opcname, opcmethod, opcdefault, opcintype::regtype,"
    " (SELECT array_agg(amopstrategy || amopopr::regoperator::text ORDER BY amopstrategy) FROM pg_amop WHERE"
    " amopfamily = opcfamily)) FROM pg_opclass c WHERE opcnamespace IN (SELECT oid FROM app) AND NOT member(c.oid)",
    "SELECT format('cast %s as %s: %s %s', castsource::regtype, casttarget::regtype, castfunc::regproc, castcontext)"
    " FROM pg_cast c WHERE c.oid >= 16384 AND NOT member(c.oid)",
    "SELECT format('dictionary %s: %s', d.oid::regdictionary, dictinitoption) FROM pg_ts_dict d"
    " WHERE dictnamespace IN (SELECT oid FROM app) AND NOT member(d.oid)",
    "SELECT format('search configuration %s: %s', c.oid::regconfig, (SELECT array_agg(maptokentype || ' ' ||"
    " mapdict::regdictionary ORDER BY maptokentype, mapseqno) FROM pg_ts_config_map WHERE mapcfg = c.oid))"
    " FROM pg_ts_config c WHERE cfgnamespace IN (SELECT oid FROM app) AND NOT member(c.oid)",
    "SELECT format('rule %s: %s %s', rulename, ev_enabled, pg_get_ruledef(r.oid)) FROM pg_rewrite r"
    " JOIN pg_class c ON c.oid = ev_class WHERE relnamespace IN (SELECT oid FROM app) AND rulename <> '_RETURN'",
    "SELECT format('storage %s.%s: %s %s %s %s', attrelid::regclass, attname, attstorage, attcompression, "
    "attstattarget,"
    " (SELECT array_agg(o) FROM unnest(attoptions) o WHERE o LIKE 'n_distinct%')) FROM pg_attribute JOIN pg_class c ON "
    "c.oid = attrelid WHERE attnum > 0 AND NOT attisdropped"
    " AND relkind IN ('r', 'p') AND relnamespace IN (SELECT oid FROM app) AND NOT relispartition AND relpersistence "
    "='p'",
    "SELECT format('toast of %s: %s', c.oid::regclass, t.reloptions) FROM pg_class c JOIN pg_class t ON t.oid ="
    " c.reltoastrelid WHERE t.reloptions IS NOT NULL",
    "SELECT format('aggregate %s', p.oid::regprocedure) FROM pg_proc p"
    " WHERE pronamespace IN (SELECT oid FROM app) AND prokind = 'a' AND NOT member(p.oid)",
    "SELECT format('trigger %s.%s: %s %s', tgrelid::regclass, tgname, tgenabled, pg_get_triggerdef(oid))"
    " FROM pg_trigger WHERE NOT tgisinternal",
    "SELECT format('sequence %s: %s %s %s %s %s %s %s', seqrelid::regclass, seqtypid::regtype, seqstart, seqincrement,"
    " seqmin, seqmax, seqcache, seqcycle) FROM pg_sequence JOIN pg_class c ON c.oid = seqrelid"
    " WHERE relnamespace IN (SELECT oid FROM app)",
    "SELECT format('sequence %s of %s.%s: %s', d.objid::regclass, attrelid::regclass, attname, deptype)"
    " FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND relkind = 'S'"
    " JOIN pg_attribute a ON attrelid = refobjid AND attnum = refobjsubid"
    " WHERE d.classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i')",
    "SELECT format('statistics %s: %s', stxname, pg_get_statisticsobjdef(oid)) FROM pg_statistic_ext",
    "SELECT format('child %s of %s: %s', inhrelid::regclass, inhparent::regclass,"
    " pg_get_expr(relpartbound, inhrelid)) FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid"
    " WHERE relnamespace IN (SELECT oid FROM app) AND relkind IN ('r', 'p')",
    "SELECT format('partitioned %s: %s', partrelid::regclass, pg_get_partkeydef(partrelid)) FROM pg_partitioned_table",
    "SELECT format('row security %s', c.oid::regclass) FROM pg_class c WHERE relrowsecurity",
    "SELECT format('policy %s', polname) FROM pg_policy",
    "SELECT format('publication %s', pubname) FROM pg_publication",
    "SELECT format('comment on %s: %s', pg_describe_object(classoid, objoid, objsubid), description)"
    " FROM pg_description WHERE objoid >= 16384 AND classoid <> 'pg_extension'::regclass AND NOT member(objoid)",
};

}  // namespace

std::set<std::string> catalog_listing(pqxx::connection& connection) {
  pqxx::work work(connection);
  work.exec("SET LOCAL search_path = ''");
  work.exec("SET LOCAL search_path = 'pg_catalog', 'pg_temp'");
  work.exec(
      "CREATE TEMP VIEW app AS SELECT oid FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%'"
      " AND nspname <> 'information_schema'");
  work.exec(
      "CREATE FUNCTION pg_temp.member(o oid) RETURNS boolean LANGUAGE sql AS"
      " $$ SELECT EXISTS (SELECT FROM pg_depend WHERE objid = o AND deptype = 'e') $$");
  std::set<std::string> lines;
  for (std::string query : queries) {
    for (std::size_t at = query.find(" member("); at != std::string::npos; at = query.find(" member(", at + 9)) {
      query.insert(at + 1, "pg_temp.");
    }
    for (const auto& row : work.exec(query)) lines.insert(row.at(0).c_str());
  }
  work.abort();
  return lines;
}

}  // namespace pgmirror::tests
