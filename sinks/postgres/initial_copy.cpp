#include "sinks/postgres/initial_copy.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <string_view>
#include <utility>

#include "libpq/database_transaction.hpp"
#include "libpq/identifier.hpp"
#include "sinks/postgres/content_comparison.hpp"
#include "sinks/postgres/copy_state.hpp"
#include "sinks/postgres/failure.hpp"
#include "sinks/postgres/known_tables.hpp"
#include "sinks/postgres/of_postgres.hpp"
#include "sinks/postgres/refusing_object.hpp"
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

/// Over rows that stand it costs half of what it does while they come. A PostgreSQL source's own statements make its
/// keys.
void make_key(libpq::Connection& connection, const MirrorTable& table) {
  if (table.of_postgres()) return;
  std::vector<std::string> columns;
  for (const std::size_t column : table.key) columns.push_back(table.columns[column].quoted);
  connection.execute(fmt::format("ALTER TABLE {} ADD PRIMARY KEY ({})", table.quoted, fmt::join(columns, ", ")));
}

/// Of copies that take longer the log says that their key is being made.
constexpr std::chrono::seconds said_before_key{2};

constexpr const char* unique_violation = "23505";

/// What the rows are to blame for, or rules of the table about them; not a statement that is wrong.
bool refuses_row(const libpq::DatabaseError& error) {
  static constexpr std::array<std::string_view, 6> classes{"22", "23", "27", "44", "54", "P0"};
  return !error.connection_lost() &&
         std::ranges::any_of(classes, [&](std::string_view name) { return error.sqlstate().starts_with(name); });
}

/// With more of them a copy of the whole table costs about as much and no memory.
constexpr std::uint64_t most_rows_mended = 1'000'000;

bool is_empty(libpq::Connection& connection, const MirrorTable& table) {
  return connection.execute(fmt::format("SELECT FROM {} LIMIT 1", table.quoted)).rows() == 0;
}

void make_room(libpq::Connection& connection, const MirrorTable& table, bool resync) {
  if (resync) {
    connection.execute("DELETE FROM " + table.quoted);
  } else if (!is_empty(connection, table)) {
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

std::vector<CopyList::Table> InitialCopy::tables_to_copy(libpq::Connection& connection,
                                                         const change::Snapshot& snapshot) const {
  const libpq::Result known = connection.execute(
      "SELECT schema_name, table_name, state <> 'copying', rows FROM pgmirror.tables WHERE mirror = $1",
      libpq::Parameters::texts({schema_.mirror().name}));
  std::set<std::pair<std::string, std::string>> done;
  std::map<std::pair<std::string, std::string>, std::uint64_t> counted;
  for (int row = 0; row < known.rows(); ++row) {
    const std::pair<std::string, std::string> name(known.text(row, 0), known.text(row, 1));
    if (known.boolean(row, 2)) done.insert(name);
    if (!known.is_null(row, 3)) counted.emplace(name, static_cast<std::uint64_t>(known.integer(row, 3)));
  }
  std::vector<CopyList::Table> tables;
  for (const change::RelationPtr& relation : snapshot.relations()) {
    const std::string name = relation->qualified_name();
    const std::pair in_mirror(schema_.schema_of(*relation), libpq::mirror_identifier(relation->name));
    if (done.contains(in_mirror) && !resync_.contains(name)) continue;
    const auto count = counted.find(in_mirror);
    tables.push_back({.name = name, .expected = {}});
    if (count != counted.end()) tables.back().expected = count->second;
  }
  return tables;
}

InitialCopy::Outcome InitialCopy::run(libpq::Connection& connection, change::Snapshot& snapshot,
                                      std::stop_token stop) const {
  Outcome outcome;
  CopyList list(board_, tables_to_copy(connection, snapshot));
  for (const change::RelationPtr& relation : snapshot.relations()) {
    TableKey key = TableKey::declared;
    for (bool again = true; again;) {
      if (stop.stop_requested()) return outcome;
      try {
        if (!copy_one(connection, snapshot, relation, key, list, outcome, stop)) return outcome;
        again = false;
      } catch (const libpq::DatabaseError& error) {
        const bool ordered = resync_.contains(relation->qualified_name());
        if (leaves_misfits_ && !ordered && of_postgres(*relation) && refused_by_type(error)) {
          spdlog::warn("[MirrorCopy] Table {} is copied again: {}", relation->qualified_name(), error.what());
          outcome.misfits = true;
          break;
        }
        if (!refuses_row(error) || schema_.mirror().on_poison == config::PoisonRule::stop) throw;
        again = give_way(connection, snapshot, *relation, error, key);
      }
    }
  }
  outcome.complete = true;
  return outcome;
}

bool InitialCopy::copy_one(libpq::Connection& connection, change::Snapshot& snapshot,
                           const change::RelationPtr& relation, TableKey key, CopyList& list, Outcome& outcome,
                           const std::stop_token& stop) const {
  const std::string& mirror = schema_.mirror().name;
  const auto start = std::chrono::steady_clock::now();
  std::optional<libpq::DatabaseTransaction> transaction(connection);
  prepare_copying(connection);
  check_epoch(connection, mirror, epoch_, "");
  const MirrorTable name = named(*relation);
  const TableState state = lock_state(connection, mirror, name);
  const bool resync = state.replaceable || resync_.contains(relation->qualified_name());
  if (state.state != "copying" && !resync) return true;
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
    stop_table(connection, *relation, error.what());
    return true;
  }
  connection.execute(fmt::format("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", table->quoted));
  std::optional<TableCopyOutcome> mended;
  if (resync && key == TableKey::declared) mended = mend(connection, snapshot, table, stop);
  if (!mended) {
    make_room(connection, *table, resync);
    if (key == TableKey::row_id) table = schema_.recreate_by_row_id(connection, snapshot, relation);
    CopyProgress progress(list, relation->qualified_name(), state.expected_rows);
    mended = copy_table(connection, snapshot, *table, progress, stop);
  }
  const TableCopyOutcome& copied = *mended;
  if (!copied.complete) return false;
  if (table->lacks_key) {
    // It takes a third of the rows' time, in which nothing else would be said.
    if (std::chrono::steady_clock::now() - start >= said_before_key)
      spdlog::info("[MirrorCopy] {}: all {} rows are there; making its key", relation->qualified_name(), copied.rows);
    make_key(connection, *table);
  }
  make_live(connection, mirror, *table, snapshot.position(), copied.rows);
  // Locked only now: the changes of other tables go on moving the checkpoint while this one is copied.
  check_epoch(connection, mirror, epoch_, "FOR SHARE");
  transaction->commit();

  ++outcome.tables;
  outcome.rows += copied.rows;
  outcome.odd_values += copied.odd_values;
  spdlog::info("[MirrorCopy] {}: {} rows in {:.1f} s{}", relation->qualified_name(), copied.rows,
               std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
               copied.odd_values == 0 ? "" : fmt::format(", {} odd values kept aside", copied.odd_values));
  return true;
}

bool InitialCopy::give_way(libpq::Connection& connection, change::Snapshot& snapshot, const change::Relation& relation,
                           const libpq::DatabaseError& error, TableKey& key) const {
  if (const auto refusing = refusing_object(error);
      refusing && drop_refusing_object(connection, schema_, snapshot.relations(), snapshot.position(), *refusing))
    return true;
  // Nobody else's rows are in the table, so the source has what an index takes for equal or cannot hold. Those that
  // can stand are made again after the copy.
  if ((error.sqlstate() == unique_violation || too_long_for_an_index(error)) &&
      drop_indexes(connection, relation, snapshot.position()))
    return true;
  const MirrorTable name = named(relation);
  const bool own_key =
      is_ours(connection, schema_.mirror().name, name.schema, name.name) && error.constraint().table == name.name;
  if (own_key && relation.has_row_id && key == TableKey::declared) {
    spdlog::warn("[MirrorCopy] Table {} gets {} as its key: {}", relation.qualified_name(),
                 change::Relation::row_id_column, error.what());
    key = TableKey::row_id;
    return true;
  }
  stop_table(connection, relation, error.what());
  return false;
}

bool InitialCopy::drop_indexes(libpq::Connection& connection, const change::Relation& relation,
                               change::Position position) const {
  libpq::DatabaseTransaction transaction(connection);
  const std::size_t dropped =
      drop_own_indexes(connection, schema_, relation, position, "some row of the source may not fit it",
                       [](const change::Index&) { return true; });
  transaction.commit();
  return dropped > 0;
}

std::optional<TableCopyOutcome> InitialCopy::mend(libpq::Connection& connection, change::Snapshot& snapshot,
                                                  const MirrorTablePtr& table, const std::stop_token& stop) const {
  if (is_empty(connection, *table)) return std::nullopt;
  ContentComparison comparison(connection, snapshot, schema_);
  const auto found = comparison.compare(table, stop, most_rows_mended);
  if (stop.stop_requested()) return TableCopyOutcome{};
  if (!found) return std::nullopt;
  const std::uint64_t moved = comparison.repair();
  spdlog::info("[MirrorCopy] {}: compared {} rows with {} in the mirror, moved {}", table->relation->qualified_name(),
               found->rows_in_source, found->rows_in_mirror, moved);
  return TableCopyOutcome{.rows = found->rows_in_source, .complete = true};
}

void InitialCopy::stop_table(libpq::Connection& connection, const change::Relation& relation,
                             const std::string& reason) const {
  make_stopped(connection, schema_.mirror().name, named(relation), reason);
  spdlog::error("[MirrorCopy] Table {} is stopped: {}", relation.qualified_name(), reason);
}

MirrorTable InitialCopy::named(const change::Relation& relation) const {
  MirrorTable name;
  name.schema = schema_.schema_of(relation);
  name.name = libpq::mirror_identifier(relation.name);
  return name;
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
