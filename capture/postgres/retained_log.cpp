#include "capture/postgres/retained_log.hpp"

#include <fmt/format.h>

#include "capture/postgres/slot_names.hpp"
#include "libpq/connection.hpp"
#include "libpq/parameters.hpp"

namespace pgmirror::capture::postgres {
namespace {

constexpr const char* written_by_triggers =
    "SELECT pg_total_relation_size(to_regclass('pgmirror.changes')), NULL WHERE to_regclass('pgmirror.changes') IS NOT"
    " NULL";

/// max_slot_wal_keep_size came with version 13; -1: none.
constexpr const char* behind_the_slot =
    "SELECT (pg_current_wal_lsn() - s.restart_lsn)::bigint,"
    " (SELECT nullif(setting::bigint, -1) * 1048576 FROM pg_settings WHERE name = 'max_slot_wal_keep_size')"
    " FROM pg_replication_slots s WHERE s.slot_name = $1 AND s.restart_lsn IS NOT NULL AND NOT pg_is_in_recovery()";

std::string megabytes(std::uint64_t bytes) { return fmt::format("{} MB", bytes >> 20U); }

}  // namespace

std::optional<std::string> RetainedLog::trouble_unread() const {
  if (bytes < much_retained) return trouble_read();
  if (by_triggers) {
    return fmt::format(
        "the source's log of changes takes {} and grows with each change as long as no pgmirror reads it: start one, "
        "or "
        "end it with \"pgmirror teardown --yes\"",
        megabytes(bytes));
  }
  return fmt::format(
      "the source keeps {} of its log for the replication slot as long as no pgmirror reads it{}: start one, or end it "
      "with \"pgmirror teardown --yes\"",
      megabytes(bytes), limit ? fmt::format(", and gives the slot up at {}", megabytes(*limit)) : "");
}

std::optional<std::string> RetainedLog::trouble_read() const {
  if (!limit || bytes < *limit / 2) return std::nullopt;
  return fmt::format(
      "the source keeps {} of its log for the replication slot and gives it up at {}; raise max_slot_wal_keep_size "
      "there until pgmirror has caught up",
      megabytes(bytes), megabytes(*limit));
}

std::optional<RetainedLog> read_retained_log(const config::PostgresSource& settings) {
  const bool by_triggers = settings.method == config::CaptureMethod::triggers;
  config::ConnectionSettings hasty = settings.connection;
  hasty.parameters["connect_timeout"] = "3";
  libpq::Connection connection(hasty, "pgmirror status", libpq::Connection::Access::read_only, {.pin_names = true});
  connection.execute("SET statement_timeout = '3s'");
  const libpq::Result result =
      by_triggers ? connection.execute(written_by_triggers)
                  : connection.execute(behind_the_slot, libpq::Parameters::texts({slot_names(settings).slot}));
  if (result.rows() == 0) return std::nullopt;
  RetainedLog log{.bytes = static_cast<std::uint64_t>(result.integer(0, 0)), .limit = {}, .by_triggers = by_triggers};
  if (!result.is_null(0, 1)) log.limit = static_cast<std::uint64_t>(result.integer(0, 1));
  return log;
}

}  // namespace pgmirror::capture::postgres
