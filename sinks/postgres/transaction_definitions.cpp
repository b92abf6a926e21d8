#include "sinks/postgres/transaction_definitions.hpp"

#include <algorithm>
#include <utility>

#include "sinks/postgres/failure.hpp"
#include "sinks/postgres/of_postgres.hpp"
#include "sinks/postgres/transaction_rows.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using change::RelationPtr;
using State = TrackedTable::State;

bool of_postgres(const RelationPtr& relation) { return relation && postgres::of_postgres(*relation); }

}  // namespace

TransactionDefinitions::TransactionDefinitions(libpq::Connection& connection, const SchemaBuilder& schema,
                                               TableRegistry& tables, const change::Commit& commit,
                                               const std::vector<CopyNeeded>& left_to_copy, bool stops_tables)
    : connection_(connection),
      schema_(schema),
      tables_(tables),
      commit_(commit),
      left_to_copy_(left_to_copy),
      stops_tables_(stops_tables),
      follow_(connection, schema, commit.position) {}

std::vector<RelationPtr> TransactionDefinitions::take_emptied(std::vector<RelationPtr>& emptied) {
  for (Definition& definition : put_off_) {
    const auto found = std::ranges::find_if(emptied, [&](const RelationPtr& relation) {
      return definition.change.before && *relation == *definition.change.before;
    });
    definition.rows_come_again = found != emptied.end();
    if (definition.rows_come_again) emptied.erase(found);
  }
  // A table that is emptied under a definition made here has to stand like that before.
  const auto defined_here = [&](const RelationPtr& relation) {
    return std::ranges::any_of(put_off_, [&](const Definition& definition) {
      return definition.change.after && *relation == *definition.change.after;
    });
  };
  std::vector<RelationPtr> afterwards;
  std::ranges::copy_if(emptied, std::back_inserter(afterwards), defined_here);
  std::erase_if(emptied, defined_here);
  return afterwards;
}

std::vector<RelationPtr> TransactionDefinitions::carry_out() {
  std::vector<Definition> definitions = std::exchange(put_off_, {});
  std::erase_if(definitions, [&](Definition& definition) { return !still_to_do(definition); });
  const auto stands = [this](const change::Relation& relation) {
    const State state = tables_.state_of(relation);
    return state == State::live || state == State::stopped;
  };
  for (const Definition& definition : in_safe_order(std::move(definitions), stands)) define(definition);
  return std::exchange(defined_, {});
}

bool TransactionDefinitions::takes_parts(const change::SchemaStatement& statement) const {
  if (statement.table.empty()) return true;
  change::Relation table;
  table.schema = statement.schema;
  table.name = statement.table;
  return tables_.state_of(table) == State::live && tables_.by_name(table).copied_at < commit_.position;
}

void TransactionDefinitions::finish() {
  if (!defined_anew_) return;
  follow_.finish();
  tables_.forget_descriptions();
}

bool TransactionDefinitions::still_to_do(Definition& definition) const {
  change::SchemaChange& change = definition.change;
  // Copied under its new name already: what stands under the old one is the rest of an earlier copy.
  if (copied_since(change.after)) change.after = definition.outcome = nullptr;
  if (!change.before && !change.after) return false;
  if (!change.before && state_of(change.after) == State::stopped) return false;
  return !copied_since(change.before);
}

const CopyNeeded* TransactionDefinitions::left_to_copy(const Definition& definition) const {
  const auto found = std::ranges::find_if(left_to_copy_, [&](const CopyNeeded& needed) {
    return definition.outcome && needed.table->qualified_name() == definition.outcome->qualified_name();
  });
  return found == left_to_copy_.end() ? nullptr : &*found;
}

void TransactionDefinitions::define(const Definition& definition) {
  defined_anew_ = true;
  const CopyNeeded* const needed = left_to_copy(definition);
  const bool named = definition.step == Definition::Step::name;
  if (needed != nullptr && (!named || needed->keeps_name)) {
    if (!named) leave_to_copy(definition, *needed);
    return;
  }
  const RelationPtr& outcome = definition.outcome;
  try {
    if (named) {
      name(definition);
    } else {
      follow(definition);
    }
  } catch (const SchemaError& error) {
    if (of_postgres(outcome)) throw CopyNeeded{outcome, error.what(), named};
    if (schema_.mirror().on_poison == config::PoisonRule::stop) throw;
    throw TableRefused{definition.table, error.what()};
  } catch (const libpq::DatabaseError& error) {
    if (error.connection_lost() || classify(error).kind != FailureKind::poison) throw;
    // Whatever the steps from one definition to the other meet, a copy needs only the last one.
    if (of_postgres(outcome)) throw CopyNeeded{outcome, error.what(), named};
    if (!stops_tables_) throw;
    throw TableRefused{definition.table, error.what()};
  }
}

void TransactionDefinitions::name(const Definition& definition) {
  follow_.rename(definition.change);
  tables_.renamed(*definition.change.before, *definition.change.after);
}

/// The definition is not followed: the table is made by the copy. One that could not get its name stays as it is.
void TransactionDefinitions::leave_to_copy(const Definition& definition, const CopyNeeded& needed) {
  const change::SchemaChange& change = definition.change;
  if (needed.keeps_name && change.before && state_of(definition.table) != State::absent) {
    follow_.follow({.before = definition.table, .after = nullptr});
    tables_.redefined(connection_, {.before = definition.table, .after = nullptr}, nullptr, commit_.position);
  }
  tables_.await_copy(connection_, *change.after, needed.reason);
}

void TransactionDefinitions::follow(const Definition& definition) {
  const change::SchemaChange& change = definition.change;
  const State before = state_of(change.before);
  if (change.before && change.after && before == State::absent && of_postgres(change.after)) {
    follow_while_waiting(change);
    return;
  }
  if (before == State::stopped && change.after) {
    if (definition.step == Definition::Step::whole) name(definition);
    return;
  }
  const bool known = before == State::live || (before == State::stopped && !change.after);
  if (change.before && !known) return;
  MirrorTablePtr table = follow_.follow(change, definition.rows_come_again);
  tables_.redefined(connection_, change, std::move(table), commit_.position);
  if (change.after) defined_.push_back(change.after);
}

/// As far as it goes: the copy makes up for the rest.
void TransactionDefinitions::follow_while_waiting(const change::SchemaChange& change) {
  connection_.execute("SAVEPOINT waiting");
  try {
    follow_.follow(change);
    connection_.execute("RELEASE SAVEPOINT waiting");
    return;
  } catch (const SchemaError&) {
  } catch (const libpq::DatabaseError& error) {
    if (error.connection_lost() || classify(error).kind != FailureKind::poison) throw;
  }
  connection_.execute("ROLLBACK TO SAVEPOINT waiting; RELEASE SAVEPOINT waiting");
}

State TransactionDefinitions::state_of(const RelationPtr& relation) const {
  return relation ? tables_.state_of(*relation) : State::absent;
}

bool TransactionDefinitions::copied_since(const RelationPtr& relation) const {
  return state_of(relation) == State::live && tables_.by_name(*relation).copied_at >= commit_.position;
}

}  // namespace pgmirror::sinks::postgres
