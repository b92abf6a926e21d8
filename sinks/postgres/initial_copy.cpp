#include "sinks/postgres/initial_copy.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

#include "libpq/database_transaction.hpp"
#include "libpq/identifier.hpp"
#include "sinks/postgres/copy_progress.hpp"
#include "sinks/postgres/copy_state.hpp"
#include "sinks/postgres/table_copy.hpp"

namespace pgmirror::sinks::postgres {
namespace {

/// The row of pgmirror.tables, locked against another copy of the same table.
struct TableState {
  std::string state;
  std::optional<std::uint64_t> expected_rows;
  bool replaceable = false;  ///< a copy that replaces its rows was ordered and has not come to its end
};

TableState lock_state(libpq::Connection& connection, const std::string& mirror, const MirrorTable& table) {
  const libpq::Result row = connection.execute(
      "SELECT state, rows, state = 'copying' AND copied_at IS NOT NULL FROM pgmirror.tables WHERE mirror = $1 AND "
      "schema_name = $2 AND table_name = $3 FOR UPDATE",
      libpq::Parameters::texts({mirror, table.schema, table.name}));
  if (row.rows() == 0) return {.state = "copying"};
  TableState state{.state = std::string(row.text(0, 0)), .replaceable = row.boolean(0, 2)};
  if (!row.is_null(0, 1)) state.expected_rows = static_cast<std::uint64_t>(row.integer(0, 1));
  return state;
}

void make_room(libpq::Connection& connection, const MirrorTable& table, bool resync) {
  if (resync) {
    connection.execute("DELETE FROM " + table.quoted);
  } else if (connection.execute(fmt::format("SELECT FROM {} LIMIT 1", table.quoted)).rows() > 0) {
    throw TableNotEmpty(
        fmt::format("table {}: the mirror's table has rows in it that no copy put there; empty it, or run "
                    "\"pgmirror resync {}\" to replace them",
                    table.relation->qualified_name(), table.relation->qualified_name()));
  }
  connection.execute("DELETE FROM pgmirror.odd_values WHERE schema_name = $1 AND table_name = $2",
                     libpq::Parameters::texts({table.schema, table.name}));
}

}  // namespace

InitialCopy::InitialCopy(const SchemaBuilder& schema, std::int64_t epoch, std::set<std::string> resync,
                         StatusBoard* board)
    : schema_(schema), epoch_(epoch), resync_(std::move(resync)), board_(board) {}

std::vector<std::string> InitialCopy::tables_to_copy(libpq::Connection& connection,
                                                     const change::Snapshot& snapshot) const {
  const libpq::Result copied =
      connection.execute("SELECT schema_name, table_name FROM pgmirror.tables WHERE mirror = $1 AND state <> 'copying'",
                         libpq::Parameters::texts({schema_.mirror().name}));
  std::set<std::pair<std::string, std::string>> done;
  for (int row = 0; row < copied.rows(); ++row) done.emplace(copied.text(row, 0), copied.text(row, 1));
  std::vector<std::string> tables;
  for (const change::RelationPtr& relation : snapshot.relations()) {
    const std::string name = relation->qualified_name();
    const bool is_done = done.contains({schema_.schema_of(*relation), libpq::mirror_identifier(relation->name)});
    if (!is_done || resync_.contains(name)) tables.push_back(name);
  }
  return tables;
}

InitialCopy::Outcome InitialCopy::run(libpq::Connection& connection, change::Snapshot& snapshot,
                                      std::stop_token stop) const {
  const std::string& mirror = schema_.mirror().name;
  Outcome outcome;
  CopyList list(board_, tables_to_copy(connection, snapshot));
  for (const change::RelationPtr& relation : snapshot.relations()) {
    if (stop.stop_requested()) return outcome;
    const auto start = std::chrono::steady_clock::now();

    std::optional<libpq::DatabaseTransaction> transaction(connection);
    prepare_copying(connection);
    check_epoch(connection, mirror, epoch_, "");
    MirrorTable name;
    name.schema = schema_.schema_of(*relation);
    name.name = libpq::mirror_identifier(relation->name);
    const TableState state = lock_state(connection, mirror, name);
    const bool resync = state.replaceable || resync_.contains(relation->qualified_name());
    if (state.state != "copying" && !resync) continue;
    list.begin(relation->qualified_name());

    MirrorTablePtr table;
    try {
      table = resync ? schema_.describe_or_recreate(connection, snapshot, relation)
                     : schema_.describe_for_copy(connection, relation);
    } catch (const SchemaError& error) {
      const bool ordered = !state.replaceable || resync_.contains(relation->qualified_name());
      if (ordered || schema_.mirror().on_poison == config::PoisonRule::stop) throw;
      // Nobody asked for this copy: no reason for the others to wait.
      transaction.reset();
      make_stopped(connection, mirror, name, error.what());
      spdlog::error("[MirrorCopy] Table {} is stopped: {}", relation->qualified_name(), error.what());
      continue;
    }
    connection.execute(fmt::format("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", table->quoted));
    make_room(connection, *table, resync);
    CopyProgress progress(relation->qualified_name(), state.expected_rows, board_);
    const TableCopyOutcome copied = copy_table(connection, snapshot, *table, progress, stop);
    if (!copied.complete) return outcome;
    make_live(connection, mirror, *table, snapshot.position(), copied.rows);
    // The first batches of changes are planned with these figures, long before autovacuum comes by.
    connection.execute("ANALYZE " + table->quoted);
    // Locked only now: the changes of other tables go on moving the checkpoint while this one is copied.
    check_epoch(connection, mirror, epoch_, "FOR SHARE");
    transaction->commit();

    ++outcome.tables;
    outcome.rows += copied.rows;
    outcome.odd_values += copied.odd_values;
    spdlog::info("[MirrorCopy] {}: {} rows in {:.1f} s{}", relation->qualified_name(), copied.rows,
                 std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
                 copied.odd_values == 0 ? "" : fmt::format(", {} odd values kept aside", copied.odd_values));
  }
  outcome.complete = true;
  return outcome;
}

void InitialCopy::allow_replacing(libpq::Connection& connection, const std::string& mirror) {
  connection.execute("UPDATE pgmirror.tables SET copied_at = 0 WHERE mirror = $1 AND state = 'copying'",
                     libpq::Parameters::texts({mirror}));
}

std::optional<change::Position> InitialCopy::start_position(libpq::Connection& connection, const std::string& mirror) {
  const libpq::Result result =
      connection.execute("SELECT min(copied_at) FROM pgmirror.tables WHERE mirror = $1 AND state = 'live'",
                         libpq::Parameters::texts({mirror}));
  if (result.is_null(0, 0)) return std::nullopt;
  return change::Position{static_cast<std::uint64_t>(result.integer(0, 0))};
}

}  // namespace pgmirror::sinks::postgres
