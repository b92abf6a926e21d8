#include "sinks/postgres/table_registry.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <stdexcept>

#include "libpq/identifier.hpp"
#include "sinks/postgres/of_postgres.hpp"

namespace pgmirror::sinks::postgres {

namespace {

using State = TrackedTable::State;

/// In a session; behind that it is no passing state.
constexpr unsigned most_copies_for_misfit = 10;

State state_from(std::string_view text) {
  if (text == "live") return State::live;
  if (text == "stopped") return State::stopped;
  if (text == "dropped") return State::dropped;
  return State::absent;
}

}  // namespace

const char* to_string(State state) {
  switch (state) {
    case State::live:
      return "live";
    case State::stopped:
      return "stopped";
    case State::dropped:
      return "dropped";
    case State::absent:
      break;
  }
  return "copying";
}

TableRegistry::TableRegistry(const SchemaBuilder& schema, std::string mirror)
    : schema_(schema), mirror_(std::move(mirror)) {}

void TableRegistry::load(libpq::Connection& connection) {
  by_relation_.clear();
  tables_.clear();
  libpq::Parameters parameters;
  parameters.text(mirror_);
  const libpq::Result rows = connection.execute(
      "SELECT t.schema_name, t.table_name, t.state, coalesce(t.copied_at, 0), coalesce(t.last_error, ''),"
      " EXISTS (SELECT FROM pgmirror.odd_values o"
      "         WHERE o.schema_name = t.schema_name AND o.table_name = t.table_name)"
      " FROM pgmirror.tables t WHERE t.mirror = $1",
      parameters);
  for (int row = 0; row < rows.rows(); ++row) {
    TrackedTable& table = tables_[{std::string(rows.text(row, 0)), std::string(rows.text(row, 1))}];
    table.state = state_from(rows.text(row, 2));
    table.copied_at.value = static_cast<std::uint64_t>(rows.integer(row, 3));
    table.last_error = rows.text(row, 4);
    table.may_have_odd = rows.boolean(row, 5);
  }
}

TableRegistry::Name TableRegistry::name_of(const change::Relation& relation) const {
  return {schema_.schema_of(relation), libpq::mirror_identifier(relation.name)};
}

TrackedTable& TableRegistry::by_name(const change::Relation& relation) { return tables_[name_of(relation)]; }

TrackedTable* TableRegistry::find(const change::RelationPtr& relation) {
  const auto found = by_relation_.find(relation.get());
  return found == by_relation_.end() ? nullptr : found->second.second;
}

TrackedTable& TableRegistry::describe(libpq::Connection& connection, const change::RelationPtr& relation) {
  TrackedTable& table = by_name(*relation);
  if (table.state == State::live) {
    try {
      table.table = schema_.describe(connection, relation);
    } catch (const SchemaError& error) {
      // Somebody dropped or altered the mirror's table: no reason for the others to wait.
      if (schema_.mirror().on_poison == config::PoisonRule::stop) throw;
      // Or the source did, and its rows of before come when the table is as of later: a copy brings them together.
      if (of_postgres(*relation) && ++copies_for_misfit_[name_of(*relation)] <= most_copies_for_misfit) {
        await_copy(connection, *relation, error.what());
        by_relation_[relation.get()] = {relation, &table};
        return table;
      }
      spdlog::error("[MirrorApply] Table {} is stopped: {}", relation->qualified_name(), error.what());
      stop(connection, table, *relation, error.what());
    }
  }
  by_relation_[relation.get()] = {relation, &table};
  return table;
}

TrackedTable& TableRegistry::stands(const change::RelationPtr& relation, MirrorTablePtr table) {
  TrackedTable& now = by_name(*relation);
  now.state = State::live;
  now.table = std::move(table);
  by_relation_[relation.get()] = {relation, &now};
  return now;
}

void TableRegistry::redefined(libpq::Connection& connection, const change::SchemaChange& change, MirrorTablePtr table,
                              change::Position position) {
  // Other relation objects may describe the tables touched: they are looked up again when they come.
  by_relation_.clear();
  const bool renamed = change.before && change.after && name_of(*change.before) != name_of(*change.after);
  if (change.before && (!change.after || renamed)) {
    TrackedTable& gone = by_name(*change.before);
    if (renamed) {
      by_name(*change.after) = gone;
      libpq::Parameters parameters;
      parameters.text(mirror_).text(name_of(*change.before).first).text(name_of(*change.before).second);
      connection.execute("DELETE FROM pgmirror.tables WHERE mirror = $1 AND schema_name = $2 AND table_name = $3",
                         parameters);
      tables_.erase(name_of(*change.before));
    } else {
      gone.state = State::dropped;
      save_state(connection, name_of(*change.before), gone);
    }
  }
  if (change.after) {
    TrackedTable& now = stands(change.after, std::move(table));
    // Nothing was copied: its rows come as changes, in this very transaction perhaps.
    if (!change.before) now.copied_at = {position.value - 1};
    save_state(connection, name_of(*change.after), now);
  }
}

void TableRegistry::renamed(const change::Relation& before, const change::Relation& after) {
  by_relation_.clear();
  if (name_of(before) == name_of(after)) return;
  by_name(after) = by_name(before);
  tables_.erase(name_of(before));
  // Under its former name it may have waited in vain.
  if (by_name(after).state == State::absent) copy_asked_ = true;
}

void TableRegistry::await_copy(libpq::Connection& connection, const change::Relation& relation,
                               const std::string& reason) {
  const Name name = name_of(relation);
  TrackedTable& table = tables_[name];
  table.state = State::absent;
  copy_asked_ = true;
  table.copied_at = {};
  table.table = nullptr;
  // A table that we never followed may be somebody else's: whether it is empty is for the copy to find out.
  connection.execute(
      "INSERT INTO pgmirror.tables (mirror, schema_name, table_name, state, created) SELECT $1, $2::text, $3::text, "
      "'copying',"
      " NOT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
      " WHERE n.nspname = $2::text AND c.relname = $3::text)"
      " WHERE NOT EXISTS (SELECT FROM pgmirror.tables WHERE mirror = $1 AND schema_name = $2 AND table_name = $3)",
      libpq::Parameters::texts({mirror_, name.first, name.second}));
  connection.execute(
      "UPDATE pgmirror.tables SET state = 'copying', copied_at = 0, last_error = $4, updated_at = pg_catalog.now()"
      " WHERE mirror = $1 AND schema_name = $2 AND table_name = $3 AND (state <> 'copying' OR copied_at IS NOT NULL)",
      libpq::Parameters::texts({mirror_, name.first, name.second, reason}));
  spdlog::warn("[MirrorCopy] Table {} is copied again: {}", relation.qualified_name(), reason);
}

bool TableRegistry::await_copy_for(libpq::Connection& connection, const libpq::ConstraintName& refusing) {
  const std::string reason = fmt::format("{} refuses what the source has", refusing.constraint);
  const libpq::Result tables = connection.execute(
      "UPDATE pgmirror.tables SET state = 'copying', copied_at = 0, last_error = $5, updated_at = pg_catalog.now()"
      " WHERE mirror = $1 AND schema_name = $2 AND table_name = $3 AND state = 'live'"
      " AND (parts ? pg_catalog.concat('constraint ', $4::text) OR parts ? pg_catalog.concat('index ', $4::text))"
      " RETURNING table_name",
      libpq::Parameters::texts({mirror_, refusing.schema, refusing.table, refusing.constraint, reason}));
  if (tables.rows() == 0) return false;
  spdlog::warn("[MirrorCopy] Table {}.{} is copied again: {}", refusing.schema, refusing.table, reason);
  return true;
}

bool TableRegistry::any_awaits_copy() const {
  return std::ranges::any_of(tables_, [](const auto& entry) { return entry.second.state == State::absent; });
}

void TableRegistry::stop(libpq::Connection& connection, TrackedTable& table, const change::Relation& relation,
                         const std::string& reason) {
  table.state = State::stopped;
  table.last_error = reason;
  // A table that could not even be created may be somebody else's: then it is never ours to drop.
  const Name name = name_of(relation);
  connection.execute(
      "INSERT INTO pgmirror.tables (mirror, schema_name, table_name, state, created) SELECT $1, $2::text, $3::text, "
      "'stopped',"
      " NOT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
      " WHERE n.nspname = $2::text AND c.relname = $3::text) ON CONFLICT DO NOTHING",
      libpq::Parameters::texts({mirror_, name.first, name.second}));
  save_state(connection, name_of(relation), table);
}

void TableRegistry::save_state(libpq::Connection& connection, const Name& name, const TrackedTable& table) const {
  libpq::Parameters parameters;
  parameters.text(mirror_).text(name.first).text(name.second).text(to_string(table.state));
  parameters.integer(static_cast<std::int64_t>(table.copied_at.value));
  parameters.text(table.last_error);
  connection.execute(
      "INSERT INTO pgmirror.tables (mirror, schema_name, table_name, state, copied_at, last_error)"
      " VALUES ($1, $2, $3, $4, $5, nullif($6, ''))"
      " ON CONFLICT (mirror, schema_name, table_name) DO UPDATE"
      " SET state = excluded.state, copied_at = excluded.copied_at, last_error = excluded.last_error",
      parameters);
}

State TableRegistry::state_of(const change::Relation& relation) const {
  const auto found = tables_.find(name_of(relation));
  return found == tables_.end() ? State::absent : found->second.state;
}

bool TableRegistry::all_live(const std::vector<change::RelationPtr>& relations) const {
  return std::ranges::all_of(relations, [this](const change::RelationPtr& relation) {
    const State state = state_of(*relation);
    return state == State::live || state == State::stopped;
  });
}

}  // namespace pgmirror::sinks::postgres
