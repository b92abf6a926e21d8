#include "capture/postgres/table_read.hpp"

#include <fmt/format.h>

#include "capture/postgres/binary_copy.hpp"
#include "libpq/copy_stream.hpp"
#include "libpq/database_error.hpp"
#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres {
namespace {

libpq::DatabaseError outdated(const change::Relation& relation) {
  return libpq::DatabaseError(fmt::format("table {} was altered or truncated while a snapshot of it was read; it is "
                                          "read again from a newer one",
                                          relation.qualified_name()),
                              "40001", false);
}

bool says_outdated(const libpq::DatabaseError& error) {
  return error.sqlstate() == "42P01" || error.sqlstate() == "42703" || error.sqlstate() == "3F000";
}

}  // namespace

TableRead::TableRead(libpq::Connection& connection, ObjectId leaf, const change::Relation& relation)
    : connection_(connection), savepoint_(connection), leaf_(leaf), relation_(relation) {
  const libpq::Result name =
      connection.execute(fmt::format("SELECT n.nspname, c.relname FROM pg_catalog.pg_class c"
                                     " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = {}",
                                     leaf));
  if (name.rows() == 0) throw outdated(relation);
  name_ = libpq::qualified(name.text(0, 0), name.text(0, 1));
  try {
    connection_.execute("LOCK TABLE ONLY " + name_ + " IN ACCESS SHARE MODE");
    expect_unchanged();
  } catch (const libpq::DatabaseError& error) {
    if (says_outdated(error)) throw outdated(relation);
    throw;
  }
}

/// A query sees the catalog as of the snapshot, the functions it calls see it as it is now. A truncated or rewritten
/// table has another file; its rows as of the snapshot would silently be missing.
void TableRead::expect_unchanged() {
  const libpq::Result same = connection_.execute(fmt::format(
      "SELECT c.relfilenode = pg_catalog.pg_relation_filenode(c.oid) AND coalesce(pg_catalog.bool_and("
      "(pg_catalog.pg_identify_object('pg_catalog.pg_class'::pg_catalog.regclass, c.oid, a.attnum)).identity"
      " = pg_catalog.format('%I.%I.%I', n.nspname, c.relname, a.attname)) FILTER (WHERE a.attnum IS NOT NULL), true)"
      " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
      " LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
      " WHERE c.oid = {} GROUP BY c.oid, c.relfilenode",
      leaf_));
  if (same.rows() != 1 || !same.boolean(0, 0)) throw outdated(relation_);
}

bool TableRead::copy(const std::string& where_sql, change::CopyForm form,
                     const std::function<bool(std::string_view)>& consume) {
  std::string columns;
  for (const change::Column& column : relation_.columns) {
    columns += (columns.empty() ? "" : ", ") + libpq::quote_identifier(column.name);
  }
  // COPY of a table itself is cheaper than that of a query, and like ONLY it leaves out those that inherit from it.
  std::string sql;
  if (where_sql.empty() && !columns.empty()) {
    sql = fmt::format("COPY {} ({}) TO STDOUT", name_, columns);
  } else {
    sql = fmt::format("COPY (SELECT {} FROM ONLY {}{}{}) TO STDOUT", columns, name_, where_sql.empty() ? "" : " WHERE ",
                      where_sql);
  }
  if (form == change::CopyForm::binary) sql += " (FORMAT binary)";
  libpq::CopyOut messages = connection_.copy_out(sql);
  BinaryCopy binary;
  while (const auto message = messages.read()) {
    const auto row = form == change::CopyForm::binary ? binary.row_in(*message) : message;
    if (row && !consume(*row)) return false;
  }
  return true;
}

libpq::HashedRows TableRead::hashed(const change::RowHashing& hashing, const std::string& where_sql) const {
  libpq::HashedRows rows{.from = "ONLY " + name_, .buckets = hashing.buckets, .where = where_sql};
  for (const std::string& column : hashing.columns) rows.columns.push_back(libpq::quote_identifier(column));
  for (const std::string& column : hashing.key) rows.key.push_back(libpq::quote_identifier(column));
  return rows;
}

}  // namespace pgmirror::capture::postgres
