#include "capture/postgres/unscripted_objects.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

namespace pgmirror::capture::postgres {
namespace {

struct Kind {
  const char* one;
  const char* many;
  const char* catalog;  ///< with its alias o
  const char* condition;
};

/// Objects of extensions come with their extension.
constexpr Kind always[] = {
    {"event trigger", "event triggers", "pg_event_trigger", "o.oid >= 16384"},
    {"foreign table", "foreign tables", "pg_class", "o.relkind = 'f'"},
    {"foreign server", "foreign servers", "pg_foreign_server", "o.oid >= 16384"},
    {"unlogged table", "unlogged tables", "pg_class", "o.relkind = 'r' AND o.relpersistence = 'u'"},
    {"large object", "large objects", "pg_largeobject_metadata", "true"},
    {"function in C", "functions in C", "pg_proc",
     "o.oid >= 16384 AND o.prolang IN (SELECT l.oid FROM pg_catalog.pg_language l WHERE l.lanname IN ('c', "
     "'internal'))"},
    {"language", "languages", "pg_language", "o.oid >= 16384"},
    {"access method", "access methods", "pg_am", "o.oid >= 16384"},
    {"conversion", "conversions", "pg_conversion", "o.oid >= 16384"},
    {"transform", "transforms", "pg_transform", "o.oid >= 16384"},
    {"text search parser", "text search parsers", "pg_ts_parser", "o.oid >= 16384"},
    {"text search template", "text search templates", "pg_ts_template", "o.oid >= 16384"},
    {"publication", "publications", "pg_publication", "o.pubname !~ '^pgmirror_'"},
    {"tablespace", "tablespaces", "pg_tablespace", "o.spcname !~ '^pg_'"},
};
constexpr Kind policies = {"row level security policy", "row level security policies", "pg_policy", "o.oid >= 16384"};
constexpr Kind views = {"view", "views", "pg_class", "o.oid >= 16384 AND o.relkind IN ('v', 'm')"};
constexpr Kind functions = {"function", "functions", "pg_proc", "o.oid >= 16384"};
constexpr Kind triggers = {
    "trigger", "triggers", "pg_trigger",
    "NOT o.tgisinternal AND o.tgname !~ '^pgmirror_' AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i"
    " WHERE i.inhrelid = o.tgrelid)"};

void count(libpq::Connection& connection, const Kind& kind, const std::string& remark,
           std::vector<std::string>& found) {
  const std::int64_t number =
      connection
          .execute(fmt::format("SELECT pg_catalog.count(*) FROM pg_catalog.{0} o WHERE {1} AND NOT EXISTS (SELECT FROM"
                               " pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.{0}'::pg_catalog.regclass AND"
                               " e.objid = o.oid AND e.deptype = 'e')",
                               kind.catalog, kind.condition))
          .integer(0, 0);
  if (number > 0) found.push_back(fmt::format("{} {}{}", number, number == 1 ? kind.one : kind.many, remark));
}

}  // namespace

std::string unscripted_objects(libpq::Connection& connection, const ScriptOptions& options) {
  std::vector<std::string> found;
  for (const Kind& kind : always) count(connection, kind, {}, found);
  const std::string remark = " (not in schema.include, but for those that tables need)";
  if (!options.views) count(connection, views, " (not in schema.include)", found);
  if (!options.functions) count(connection, functions, remark, found);
  if (!options.triggers) count(connection, triggers, " (not in schema.include)", found);
  if (!options.policies) count(connection, policies, " (not in schema.include)", found);
  return fmt::format("{}", fmt::join(found, ", "));
}

}  // namespace pgmirror::capture::postgres
