#include "sinks/postgres/own_parts.hpp"

#include <utility>
#include <vector>

#include "sinks/postgres/standing_parts.hpp"
#include "sinks/postgres/text_array.hpp"

namespace pgmirror::sinks::postgres {

OwnParts::OwnParts(libpq::Connection& connection, std::string mirror, std::string schema, std::string table)
    : connection_(connection), mirror_(std::move(mirror)), schema_(std::move(schema)), table_(std::move(table)) {}

void OwnParts::enter_new_table() {
  // A row that stands is that of a table which somebody has dropped since.
  connection_.execute(
      "INSERT INTO pgmirror.tables AS t (mirror, schema_name, table_name, state, created, parts) "
      "VALUES ($1, $2, $3, 'copying', true, '{}') ON CONFLICT (mirror, schema_name, table_name) DO UPDATE "
      "SET created = true, parts = '{}', state = CASE t.state WHEN 'dropped' THEN 'copying' ELSE t.state END",
      libpq::Parameters::texts({mirror_, schema_, table_}));
  add(standing_parts(connection_, schema_, table_));
}

OwnParts::Record OwnParts::read() const {
  const libpq::Result rows = connection_.execute(
      "SELECT t.created, p.key, p.value FROM pgmirror.tables t "
      "LEFT JOIN LATERAL pg_catalog.jsonb_each_text(t.parts) p ON true "
      "WHERE t.mirror = $1 AND t.schema_name = $2 AND t.table_name = $3",
      libpq::Parameters::texts({mirror_, schema_, table_}));
  Record record;
  for (int row = 0; row < rows.rows(); ++row) {
    record.created = rows.boolean(row, 0);
    if (!rows.is_null(row, 1)) record.parts.emplace(rows.text(row, 1), rows.text(row, 2));
  }
  return record;
}

void OwnParts::add(const std::map<std::string, std::string>& parts) {
  std::vector<std::string> keys;
  std::vector<std::string> statements;
  for (const auto& [key, sql] : parts) {
    keys.push_back(key);
    statements.push_back(sql);
  }
  connection_.execute(
      "UPDATE pgmirror.tables SET parts = coalesce(parts, '{}') || pg_catalog.jsonb_object($4::text[], $5::text[]) "
      "WHERE mirror = $1 AND schema_name = $2 AND table_name = $3",
      libpq::Parameters::texts({mirror_, schema_, table_})
          .binary(bytes_array(keys, text_oid), text_array_oid)
          .binary(bytes_array(statements, text_oid), text_array_oid));
}

void OwnParts::remove(const std::string& key) {
  connection_.execute(
      "UPDATE pgmirror.tables SET parts = parts - $4::text WHERE mirror = $1 AND schema_name = $2 AND table_name = $3",
      libpq::Parameters::texts({mirror_, schema_, table_, key}));
}

void OwnParts::rename(const std::string& key, const std::string& now) { rename({{key, now}}); }

void OwnParts::rename_column(const std::string& name, const std::string& now) {
  std::map<std::string, std::string> keys;
  for (const std::string_view part : column_parts) keys.emplace(std::string(part) + name, std::string(part) + now);
  rename(keys);
}

void OwnParts::forget_statements() {
  connection_.execute(
      "WITH renamed AS (SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = "
      "c.relnamespace"
      "  WHERE n.nspname = $2 AND c.relname = $3) "
      "UPDATE pgmirror.tables t SET parts = (SELECT pg_catalog.jsonb_object_agg(key, '')"
      "  FROM pg_catalog.jsonb_object_keys(t.parts) key) "
      "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace, renamed r "
      "WHERE t.mirror = $1 AND t.parts <> '{}' AND n.nspname = t.schema_name AND c.relname = t.table_name"
      " AND (c.oid = r.oid OR EXISTS (SELECT FROM pg_catalog.pg_constraint f WHERE f.contype = 'f'"
      "  AND f.conrelid = c.oid AND f.confrelid = r.oid))",
      libpq::Parameters::texts({mirror_, schema_, table_}));
}

void OwnParts::forget_all_statements(libpq::Connection& connection, const std::string& mirror) {
  connection.execute(
      "UPDATE pgmirror.tables t SET parts = (SELECT pg_catalog.jsonb_object_agg(key, '')"
      "  FROM pg_catalog.jsonb_object_keys(t.parts) key) WHERE mirror = $1 AND parts <> '{}'",
      libpq::Parameters::texts({mirror}));
}

/// The statements that made them go by the former names.
void OwnParts::rename(const std::map<std::string, std::string>& keys) {
  std::vector<std::string> former;
  std::vector<std::string> now;
  for (const auto& [from, to] : keys) {
    former.push_back(from);
    now.push_back(to);
  }
  connection_.execute(
      "UPDATE pgmirror.tables t SET parts = (SELECT pg_catalog.jsonb_object_agg(coalesce(r.now, p.key),"
      "  CASE WHEN r.now IS NULL THEN p.value ELSE '' END) FROM pg_catalog.jsonb_each_text(t.parts) p"
      "  LEFT JOIN ROWS FROM (pg_catalog.unnest($4::text[]), pg_catalog.unnest($5::text[])) r(former, now)"
      "  ON r.former = p.key) "
      "WHERE mirror = $1 AND schema_name = $2 AND table_name = $3 AND parts ?| $4::text[]",
      libpq::Parameters::texts({mirror_, schema_, table_})
          .binary(bytes_array(former, text_oid), text_array_oid)
          .binary(bytes_array(now, text_oid), text_array_oid));
}

}  // namespace pgmirror::sinks::postgres
