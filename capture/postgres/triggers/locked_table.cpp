#include "capture/postgres/triggers/locked_table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "libpq/database_error.hpp"
#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres::triggers {
namespace {

std::vector<ObjectId> leaf_numbers(const CatalogTable& table) {
  std::vector<ObjectId> numbers;
  for (const CatalogLeaf& leaf : table.leaves) numbers.push_back(leaf.oid);
  return numbers;
}

libpq::DatabaseError outdated(const CatalogTable& table) {
  return libpq::DatabaseError(fmt::format("table {}.{} was altered or truncated while its changes were read; they are "
                                          "read again",
                                          table.schema, table.name),
                              "40001", false);
}

/// A query sees the catalog as of the moment, the functions that it calls see it as it is now.
bool is_unchanged(libpq::Connection& connection, const CatalogTable& table) {
  const std::vector<ObjectId> leaves = leaf_numbers(table);
  const libpq::Result files = connection.execute(
      fmt::format("SELECT count(*) = {} AND coalesce(bool_and(relfilenode = coalesce(pg_relation_filenode(oid), 0)),"
                  " true) FROM pg_catalog.pg_class WHERE oid = ANY ('{{{}}}'::oid[])",
                  leaves.size(), fmt::join(leaves, ",")));
  const libpq::Result columns = connection.execute(
      fmt::format("SELECT coalesce(bool_and((pg_identify_object('pg_catalog.pg_class'::regclass, c.oid,"
                  " a.attnum)).identity = format('%I.%I.%I', n.nspname, c.relname, a.attname)), true)"
                  " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                  " JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
                  " WHERE c.oid = {}",
                  table.oid));
  if (!files.boolean(0, 0) || !columns.boolean(0, 0)) return false;
  if (!table.partitioned) return true;
  return connection
      .execute(fmt::format("SELECT coalesce(array_agg(p.relid::oid ORDER BY p.relid::oid), '{{}}') = '{{{}}}'::oid[]"
                           " FROM pg_partition_tree({}) p WHERE p.isleaf AND p.relid <> {} AND"
                           " pg_relation_filenode(p.relid) IS NOT NULL",
                           fmt::join(leaves, ","), table.oid, table.oid))
      .boolean(0, 0);
}

}  // namespace

LockedTable::LockedTable(libpq::Connection& connection, const CatalogTable& table) : savepoint_(connection) {
  const std::string name = (table.partitioned ? "" : "ONLY ") + libpq::qualified(table.schema, table.name);
  try {
    connection.execute("LOCK TABLE " + name + " IN ACCESS SHARE MODE");
    if (!is_unchanged(connection, table)) throw outdated(table);
  } catch (const libpq::DatabaseError& error) {
    const std::string& state = error.sqlstate();
    if (state == "42P01" || state == "42703" || state == "3F000") throw outdated(table);
    throw;
  }
  from_ = name + " t";
  // A partition that is attached later than this is none of the moment's.
  if (table.partitioned)
    condition_ = fmt::format("t.tableoid = ANY ('{{{}}}'::oid[])", fmt::join(leaf_numbers(table), ","));
}

}  // namespace pgmirror::capture::postgres::triggers
