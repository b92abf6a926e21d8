#include "tests/scenario/postgres_mirror/same_definitions.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <pqxx/pqxx>
#include <set>
#include <string>
#include <vector>

#include "tests/support/connection_text.hpp"

namespace pgmirror::tests {
namespace {

constexpr const char* tables =
    "SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
    " AND NOT c.relispartition AND c.relpersistence = 'p'";

/// Each gives lines of the tables that stand in {}.
constexpr std::array queries{
    // An index that was dropped leaves a table that nothing identifies.
    "SELECT pg_catalog.format('table %s: identity %s, comment %s', c.relname, CASE WHEN c.relreplident = 'i'"
    " AND NOT EXISTS (SELECT FROM pg_catalog.pg_index WHERE indrelid = c.oid AND indisreplident)"
    " THEN 'n' ELSE c.relreplident::text END, pg_catalog.obj_description(c.oid, 'pg_class'))"
    " FROM pg_catalog.pg_class c WHERE c.oid IN ({})",
    "SELECT pg_catalog.format('column %s.%s: %s%s%s default %s%s%s', a.attrelid::regclass, a.attname,"
    " pg_catalog.format_type(a.atttypid, a.atttypmod), CASE WHEN a.attcollation <> t.typcollation THEN ' ' ||"
    " a.attcollation::regcollation ELSE '' END, CASE WHEN a.attnotnull THEN ' not null' ELSE '' END,"
    " pg_catalog.pg_get_expr(d.adbin, d.adrelid), a.attgenerated, CASE WHEN a.attidentity <> '' THEN ' identity' END)"
    " FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid"
    " LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
    " WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid IN ({})",
    "SELECT pg_catalog.format('constraint %s.%s: %s', conrelid::regclass, conname, CASE contype WHEN 'f' THEN"
    " pg_catalog.regexp_replace(pg_catalog.pg_get_constraintdef(oid), ' DEFERRABLE.*', '')"
    " ELSE pg_catalog.pg_get_constraintdef(oid) END)"
    " FROM pg_catalog.pg_constraint k WHERE contype <> 't' AND conparentid = 0 AND conrelid IN ({0})"
    " AND (contype <> 'f' OR confrelid IN ({0}))",
    "SELECT pg_catalog.replace(pg_catalog.pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') FROM pg_catalog.pg_index"
    " WHERE indisvalid AND indrelid IN ({})",
    "SELECT pg_catalog.format('identity index of %s: %s', indrelid::regclass, indexrelid::regclass)"
    " FROM pg_catalog.pg_index WHERE indisreplident AND indrelid IN ({})",
    "SELECT DISTINCT pg_catalog.format('enum %s: %s', t.oid::regtype, (SELECT pg_catalog.array_agg(enumlabel ORDER BY"
    " enumsortorder) FROM pg_catalog.pg_enum WHERE enumtypid = t.oid)) FROM pg_catalog.pg_type t"
    " JOIN pg_catalog.pg_attribute a ON a.atttypid = t.oid WHERE t.typtype = 'e' AND NOT a.attisdropped AND"
    " a.attrelid IN ({})",
    // The server may have had to find another name for one that belongs to its column.
    "SELECT pg_catalog.format('sequence %s of %s.%s: %s by %s from %s to %s%s', CASE WHEN d.deptype = 'i' THEN 'some' "
    "ELSE s.seqrelid::regclass::text END, a.attrelid::regclass, a.attname, s.seqtypid::regtype, s.seqincrement,"
    " s.seqmin, s.seqmax, CASE WHEN s.seqcycle THEN ', cycles' END)"
    " FROM pg_catalog.pg_sequence s JOIN pg_catalog.pg_depend d ON d.objid = s.seqrelid AND d.deptype IN ('a', 'i')"
    " AND d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass JOIN pg_catalog.pg_attribute a"
    " ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid WHERE a.attrelid IN ({})",
    "SELECT DISTINCT pg_catalog.format('domain %s: %s %s', t.oid::regtype, t.typnotnull,"
    " (SELECT pg_catalog.array_agg(conname || ' ' || pg_catalog.pg_get_constraintdef(oid) ORDER BY conname)"
    "  FROM pg_catalog.pg_constraint WHERE contypid = t.oid)) FROM pg_catalog.pg_type t"
    " JOIN pg_catalog.pg_attribute a ON a.atttypid = t.oid WHERE t.typtype = 'd' AND NOT a.attisdropped AND"
    " a.attrelid IN ({})",
};

std::set<std::string> lines_of(const config::ConnectionSettings& settings, const std::string& of_tables) {
  pqxx::connection connection(connection_string(settings));
  pqxx::transaction<pqxx::isolation_level::repeatable_read> transaction(connection);
  transaction.exec("SET LOCAL search_path = ''");
  std::set<std::string> lines;
  for (const char* query : queries) {
    for (const auto& row : transaction.exec(fmt::format(fmt::runtime(query), of_tables))) {
      lines.insert(row[0].c_str());
    }
  }
  return lines;
}

/// Tables that the mirror keeps though the source has dropped them do not count.
std::string tables_of_source(const config::ConnectionSettings& settings) {
  pqxx::connection connection(connection_string(settings));
  pqxx::work transaction(connection);
  transaction.exec("SET LOCAL search_path = ''");
  std::vector<std::string> names;
  for (const auto& row : transaction.exec(fmt::format("SELECT oid::regclass FROM ({}) t", tables))) {
    names.push_back(transaction.quote(row[0].c_str()) + "::regclass");
  }
  return names.empty() ? "SELECT 0" : fmt::format("SELECT {}", fmt::join(names, " UNION ALL SELECT "));
}

}  // namespace

testing::AssertionResult same_definitions(const config::ConnectionSettings& source,
                                          const config::ConnectionSettings& mirror) {
  std::set<std::string> here;
  std::set<std::string> there;
  try {
    const std::string of_tables = tables_of_source(source);
    here = lines_of(source, of_tables);
    there = lines_of(mirror, of_tables);
  } catch (const pqxx::sql_error& gone) {
    // Names and deparsers look at the catalog as it is now, whatever the snapshot.
    return testing::AssertionFailure() << "an object went while it was looked at: " << gone.what();
  }
  std::vector<std::string> lacking;
  std::vector<std::string> beyond;
  std::ranges::set_difference(here, there, std::back_inserter(lacking));
  std::ranges::set_difference(there, here, std::back_inserter(beyond));
  if (lacking.empty() && beyond.empty()) return testing::AssertionSuccess();
  return testing::AssertionFailure() << fmt::format("only in the source:\n  {}\nonly in the mirror:\n  {}",
                                                    fmt::join(lacking, "\n  "), fmt::join(beyond, "\n  "));
}

}  // namespace pgmirror::tests
