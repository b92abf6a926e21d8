#include "capture/postgres/source_facts.hpp"

#include "capture/postgres/log_position.hpp"
#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres {

change::SourceIdentity SourceFacts::identity() const {
  return {"postgresql:" + system_identifier + "/" + database_oid + "/" + timeline};
}

SourceFacts read_source_facts(libpq::Connection& connection) {
  // The names of a replication session are looked up wherever the role and the database say.
  const libpq::Result server = connection.execute(
      "SELECT s.system_identifier, d.oid, pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('wal_level'),"
      " pg_catalog.pg_encoding_to_char(d.encoding),"
      " (SELECT setting FROM pg_catalog.pg_settings WHERE name OPERATOR(pg_catalog.=) 'wal_sender_timeout'),"
      " CASE WHEN pg_catalog.pg_is_in_recovery() THEN 0 ELSE pg_catalog.pg_current_wal_flush_lsn()"
      "  OPERATOR(pg_catalog.-) '0/0'::pg_catalog.pg_lsn END,"
      " CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN"
      "  pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_flush_lsn()) END"
      " FROM pg_catalog.pg_control_system() s, pg_catalog.pg_database d"
      " WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()");
  SourceFacts facts;
  facts.system_identifier = server.text(0, 0);
  facts.database_oid = server.text(0, 1);
  facts.standby = server.boolean(0, 2);
  facts.wal_level = server.text(0, 3);
  facts.encoding = server.text(0, 4);
  facts.sender_timeout = std::chrono::milliseconds{server.integer(0, 5)};
  facts.log_end.value = static_cast<std::uint64_t>(server.integer(0, 6));
  // The name of a log file begins with the timeline, eight hexadecimal digits.
  const std::string file(server.text(0, 7).substr(0, 8));
  facts.timeline = std::to_string(file.empty() ? 0 : std::stoul(file, nullptr, 16));
  return facts;
}

std::optional<SlotFacts> read_slot(libpq::Connection& connection, const std::string& slot) {
  // to_jsonb, since servers before 13 have no such column. No parameters: replication connections take none.
  const libpq::Result result = connection.execute(
      "SELECT s.plugin, s.database, pg_catalog.to_jsonb(s) OPERATOR(pg_catalog.->>) 'wal_status',"
      " s.confirmed_flush_lsn, s.active_pid, a.client_addr, s.restart_lsn"
      " FROM pg_catalog.pg_replication_slots s"
      " LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid OPERATOR(pg_catalog.=) s.active_pid"
      " WHERE s.slot_name OPERATOR(pg_catalog.=) " +
      libpq::quote_literal(slot) + "::pg_catalog.name");
  if (result.rows() == 0) return std::nullopt;
  SlotFacts facts;
  facts.plugin = result.text(0, 0);
  facts.database = result.text(0, 1);
  facts.wal_status = result.text(0, 2);
  if (!result.is_null(0, 3)) facts.confirmed_flush = parse_log_position(result.text(0, 3));
  facts.active_pid = result.text(0, 4);
  facts.client = result.text(0, 5);
  if (!result.is_null(0, 6)) facts.restart = parse_log_position(result.text(0, 6));
  return facts;
}

}  // namespace pgmirror::capture::postgres
