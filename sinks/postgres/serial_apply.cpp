#include "sinks/postgres/serial_apply.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

#include "libpq/database_transaction.hpp"
#include "sinks/postgres/checkpoint.hpp"
#include "sinks/postgres/definition_order.hpp"
#include "sinks/postgres/failure.hpp"
#include "sinks/postgres/refusing_object.hpp"
#include "sinks/postgres/schema_follow.hpp"
#include "sinks/postgres/schema_script_run.hpp"
#include "sinks/postgres/sequence_values.hpp"

namespace pgmirror::sinks::postgres {

namespace {

using change::RowOperation;
using std::chrono::steady_clock;

constexpr const char* unique_violation = "23505";
/// A label of an enum type cannot be used in the transaction that adds it.
constexpr const char* enum_label = "enum label";

bool of_postgres(const change::Relation& relation) {
  return std::ranges::any_of(relation.columns,
                             [](const change::Column& column) { return column.family == change::TypeFamily::native; });
}

bool is_poison(const libpq::DatabaseError& error) {
  return !error.connection_lost() && classify(error).kind == FailureKind::poison;
}

/// Above this size a table is emptied by TRUNCATE, which readers of an older snapshot notice and which waits for them.
constexpr std::int64_t most_bytes_deleted = std::int64_t{16} << 20U;

/// A table cannot follow its source's new definition: the transaction starts over without it.
struct CopyNeeded {
  change::SchemaChange change;
  std::string reason;
};

}  // namespace

/// One try at one transaction. Rolls back unless it came to its end.
class SerialApply::Attempt {
 public:
  Attempt(SerialApply& apply, const change::Commit& commit, change::Position expected,
          const std::optional<Refusals>& refusals, const std::vector<NullNotAllowed>& nulls)
      : connection_(apply.connection_),
        ownership_(apply.ownership_),
        schema_(apply.schema_),
        tables_(apply.tables_),
        commit_(commit),
        expected_(expected),
        refusals_(refusals),
        nulls_(nulls),
        transaction_(apply.connection_),
        rows_(connection_, ownership_, schema_, tables_, commit_, refusals_),
        definitions_(apply.connection_, apply.schema_, commit.position) {}

  void stop(TrackedTable& table, const change::Relation& relation, const std::string& reason) {
    tables_.stop(connection_, table, relation, reason);
    ++outcome_.tables_stopped;
  }

  /// Goes through the transaction once, or for one of two passes.
  void send(queue::Cursor& cursor, RowPass pass, ApplyMode mode = ApplyMode::direct) {
    second_pass_ = pass == RowPass::inserts;
    rows_.begin(pass, mode);
    stream(cursor);
  }

  /// The definition is not followed: the table is made by the copy.
  void leave_to_copy(const CopyNeeded& needed) {
    const change::SchemaChange& change = needed.change;
    left_to_copy_.insert(change.after->qualified_name());
    const bool stands = definitions_.make_ready_for_copy(change);
    if (change.before && change.before->qualified_name() != change.after->qualified_name()) {
      if (stands) tables_.renamed(*change.before, *change.after);
      if (!stands)
        tables_.redefined(connection_, {.before = change.before, .after = nullptr}, nullptr, commit_.position);
    }
    copy_again(*change.after, needed.reason);
  }

  /// The table's content is copied again later: its changes until then are in that copy.
  void copy_again(const change::Relation& relation, const std::string& reason) {
    tables_.await_copy(connection_, relation, reason);
  }

  Outcome finish() {
    if (defined_anew_) {
      definitions_.finish();
      tables_.forget_descriptions();
    }
    // A deferred constraint would speak at COMMIT only, behind the checkpoint step.
    if (refusals_) connection_.execute("SET CONSTRAINTS ALL IMMEDIATE");
    advance_checkpoint(connection_, ownership_.mirror, ownership_.epoch, expected_, commit_.position, commit_.time);
    transaction_.commit();
    outcome_.rows_parked = rows_.parked();
    outcome_.applied.drifted_rows = rows_.drifted();
    outcome_.applied.last = commit_;
    outcome_.applied.transactions = 1;
    outcome_.applied.elapsed = std::chrono::steady_clock::now() - begun_;
    return outcome_;
  }

 private:
  void stream(queue::Cursor& cursor) {
    while (const queue::Item* item = cursor.next()) {
      if (std::holds_alternative<change::Commit>(*item)) break;
      if (const auto* row = std::get_if<change::RowChange>(item)) {
        define_tables();
        if (TrackedTable* table = table_for(row->relation)) {
          rows_.add(*row, table->table, cursor.current_block());
          if (!second_pass_) count(*table);
        }
      } else if (const auto* schema = std::get_if<change::SchemaChange>(item)) {
        if (!second_pass_) put_off_.push_back({.change = *schema});
      } else if (const auto* truncation = std::get_if<change::Truncation>(item)) {
        if (!second_pass_) std::ranges::copy(truncation->relations, std::back_inserter(emptied_));
      } else if (!second_pass_) {
        beyond_rows(*item);
      }
    }
    define_tables();
    flush();
  }

  void flush() {
    rows_.flush();
    rows_.settle();
  }

  /// What only a PostgreSQL source tells.
  void beyond_rows(const queue::Item& item) {
    if (const auto* gap = std::get_if<change::ContentGap>(&item)) {
      define_tables();
      flush();
      const TrackedTable& table = tables_.by_name(*gap->relation);
      const bool copied_since = table.state == TrackedTable::State::live && table.copied_at >= commit_.position;
      if (!copied_since && table.state != TrackedTable::State::stopped) copy_again(*gap->relation, gap->reason);
    } else if (const auto* statement = std::get_if<change::SchemaStatement>(&item)) {
      define_tables();
      flush();
      SchemaScriptRun(connection_, ownership_.mirror, commit_.position, !ownership_.replica_role)
          .run_inside(*statement);
      tables_.forget_descriptions();
    } else if (const auto* value = std::get_if<change::SequenceValue>(&item)) {
      rows_.settle();
      connection_.execute(set_sequences_sql, sequence_parameters({*value}));
    }
  }

  void count(TrackedTable& table) {
    ++table.changes;
    ++outcome_.applied.changes;
  }

  /// Null when the change is not for this mirror: in the copy already, or of a table that is stopped or not copied yet.
  TrackedTable* table_for(const change::RelationPtr& relation) {
    TrackedTable* table = tables_.find(relation);
    if (table == nullptr) {
      rows_.settle();
      table = &tables_.describe(connection_, relation);
      allow_nulls(relation);
    }
    if (table->state == TrackedTable::State::stopped) ++table->skipped;
    if (table->state != TrackedTable::State::live || table->copied_at >= commit_.position) return nullptr;
    return table;
  }

  /// What earlier tries have met. Here and not between two tries, because the table or the column may have been made by
  /// this transaction.
  void allow_nulls(const change::RelationPtr& relation) {
    const TrackedTable& tracked = tables_.by_name(*relation);
    if (nulls_.empty() || tracked.state != TrackedTable::State::live) return;
    bool any = false;
    for (const NullNotAllowed& refused : nulls_) {
      if (refused.table->quoted != tracked.table->quoted) continue;
      const std::string& name = refused.table->columns[refused.column].name;
      for (const MirrorColumn& column : tracked.table->columns) {
        if (column.name != name || !column.not_null) continue;
        schema_.allow_null(connection_, *tracked.table, column, commit_.position);
        any = true;
      }
    }
    if (any) tables_.describe(connection_, relation);
  }

  /// Definitions and truncations are put off until rows come: all that belong together are known then. Where a source
  /// redefines a table's key it empties the table first. A table that is emptied under a definition made here has to
  /// stand like that before.
  void define_tables() {
    if (put_off_.empty()) return empty_tables();
    flush();
    const auto defined_here = [&](const change::RelationPtr& relation) {
      return std::ranges::any_of(put_off_, [&](const Definition& definition) {
        return definition.change.after && *relation == *definition.change.after;
      });
    };
    for (Definition& definition : put_off_) {
      const auto emptied = std::ranges::find_if(emptied_, [&](const change::RelationPtr& relation) {
        return definition.change.before && *relation == *definition.change.before;
      });
      definition.rows_come_again = emptied != emptied_.end();
      if (definition.rows_come_again) emptied_.erase(emptied);
    }
    std::vector<change::RelationPtr> emptied_afterwards;
    std::ranges::copy_if(emptied_, std::back_inserter(emptied_afterwards), defined_here);
    std::erase_if(emptied_, defined_here);
    empty_tables();
    const auto stands = [this](const change::Relation& relation) {
      const TrackedTable::State state = tables_.state_of(relation);
      return state == TrackedTable::State::live || state == TrackedTable::State::stopped;
    };
    for (const Definition& definition : in_safe_order(std::exchange(put_off_, {}), stands)) define(definition);
    emptied_ = std::move(emptied_afterwards);
    empty_tables();
  }

  void define(const Definition& definition) {
    const change::RelationPtr& after = definition.change.after;
    if (after && left_to_copy_.contains(after->qualified_name())) return;
    try {
      follow(definition);
    } catch (const SchemaError& error) {
      if (after && of_postgres(*after)) throw CopyNeeded{definition.change, error.what()};
      if (schema_.mirror().on_poison == config::PoisonRule::stop) throw;
      throw TableRefused{definition.table, error.what()};
    } catch (const libpq::DatabaseError& error) {
      if (error.connection_lost() || classify(error).kind != FailureKind::poison) throw;
      // Whatever the steps from one definition to the other meet, a copy needs only the last one.
      if (after && of_postgres(*after)) throw CopyNeeded{definition.change, error.what()};
      const bool over = refusals_ && refusals_->rule != config::PoisonRule::stop;
      if (!over) throw;
      throw TableRefused{definition.table, error.what()};
    }
  }

  void follow(const Definition& definition) {
    change::SchemaChange change = definition.change;
    const auto state = [this](const change::RelationPtr& relation) {
      return relation ? tables_.state_of(*relation) : TrackedTable::State::absent;
    };
    const auto copied_since = [&](const change::RelationPtr& relation) {
      return state(relation) == TrackedTable::State::live && tables_.by_name(*relation).copied_at >= commit_.position;
    };
    // Copied under its new name already: what stands under the old one is the rest of an earlier copy.
    if (copied_since(change.after)) change.after = nullptr;
    if (!change.before && !change.after) return;
    if (!change.before && state(change.after) == TrackedTable::State::stopped) return;
    if (change.before && copied_since(change.before)) return;
    defined_anew_ = true;
    const bool awaits_copy = change.before && change.after && state(change.before) == TrackedTable::State::absent;
    if (awaits_copy && of_postgres(*change.after)) return follow_while_waiting(change);
    if (state(change.before) == TrackedTable::State::stopped && change.after) {
      definitions_.rename(change);
      tables_.renamed(*change.before, *change.after);
      return;
    }
    const bool known = state(change.before) == TrackedTable::State::live ||
                       (state(change.before) == TrackedTable::State::stopped && !change.after);
    if (change.before && !known) return;
    MirrorTablePtr table = definitions_.follow(change, definition.rows_come_again);
    tables_.redefined(connection_, change, std::move(table), commit_.position);
    if (change.after) allow_nulls(change.after);
    ++outcome_.applied.changes;
  }

  /// As far as it goes: the copy makes up for the rest.
  void follow_while_waiting(const change::SchemaChange& change) {
    connection_.execute("SAVEPOINT waiting");
    try {
      definitions_.follow(change);
      connection_.execute("RELEASE SAVEPOINT waiting");
      tables_.renamed(*change.before, *change.after);
      return;
    } catch (const SchemaError&) {
    } catch (const libpq::DatabaseError& error) {
      if (!is_poison(error)) throw;
    }
    connection_.execute("ROLLBACK TO SAVEPOINT waiting; RELEASE SAVEPOINT waiting");
    if (change.before->qualified_name() == change.after->qualified_name()) definitions_.drop_lost_columns(change);
  }

  void empty_tables() {
    if (emptied_.empty()) return;
    flush();
    std::vector<std::string> together;
    bool any_large = false;
    for (const change::RelationPtr& relation : std::exchange(emptied_, {})) {
      TrackedTable* table = table_for(relation);
      if (table == nullptr) continue;
      if (of_postgres(*relation)) {
        together.push_back(table->table->quoted);
        any_large = any_large || is_large(*table->table);
      } else {
        // Not TRUNCATE: that is refused while foreign keys point here, whatever the replication role.
        connection_.execute("DELETE FROM " + table->table->quoted);
      }
      libpq::Parameters parameters;
      parameters.text(table->table->schema).text(table->table->name);
      connection_.execute("DELETE FROM pgmirror.odd_values WHERE schema_name = $1 AND table_name = $2", parameters);
      count(*table);
    }
    if (any_large) {
      truncate(together);
    } else {
      delete_all(together);
    }
  }

  bool is_large(const MirrorTable& table) {
    const libpq::Result size = connection_.execute("SELECT pg_catalog.pg_total_relation_size($1::text::regclass)",
                                                   libpq::Parameters::texts({table.quoted}));
    return size.integer(0, 0) > most_bytes_deleted;
  }

  /// All at once, so that foreign keys among them do not matter.
  void truncate(const std::vector<std::string>& tables) {
    connection_.execute("SAVEPOINT emptying");
    try {
      connection_.execute(fmt::format("TRUNCATE {}", fmt::join(tables, ", ")));
    } catch (const libpq::DatabaseError& error) {
      if (error.connection_lost() || classify(error).kind == FailureKind::transient) throw;
      connection_.execute("ROLLBACK TO SAVEPOINT emptying");
      delete_all(tables);
    }
    connection_.execute("RELEASE SAVEPOINT emptying");
  }

  void delete_all(const std::vector<std::string>& tables) {
    for (const std::string& table : tables) connection_.execute("DELETE FROM " + table);
  }

  libpq::Connection& connection_;
  const Ownership& ownership_;
  const SchemaBuilder& schema_;
  TableRegistry& tables_;
  const change::Commit& commit_;
  change::Position expected_;
  const std::optional<Refusals>& refusals_;
  const std::vector<NullNotAllowed>& nulls_;
  libpq::DatabaseTransaction transaction_;
  TransactionRows rows_;
  SchemaFollow definitions_;
  std::vector<Definition> put_off_;
  std::vector<change::RelationPtr> emptied_;
  std::set<std::string> left_to_copy_;  ///< tables by the names they have afterwards
  bool defined_anew_ = false;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  bool second_pass_ = false;
  Outcome outcome_;
};

SerialApply::SerialApply(libpq::Connection& connection, const Ownership& ownership, const SchemaBuilder& schema,
                         TableRegistry& tables)
    : connection_(connection), ownership_(ownership), schema_(schema), tables_(tables) {}

SerialApply::Ahead SerialApply::look_ahead(queue::Cursor& cursor, change::Position position) const {
  Ahead ahead;
  std::uint64_t rows = 0;
  bool keyed_otherwise = false;
  while (const queue::Item* item = cursor.next()) {
    if (const auto* row = std::get_if<change::RowChange>(item)) {
      ++rows;
      ahead.of_postgres = ahead.of_postgres || of_postgres(*row->relation);
      keyed_otherwise = keyed_otherwise || (row->relation->has_row_id && row->operation != RowOperation::insert);
    } else if (const auto* statement = std::get_if<change::SchemaStatement>(item)) {
      if (statement->kind == enum_label) ahead.labels.push_back(*statement);
    } else if (const auto* commit = std::get_if<change::Commit>(item)) {
      ahead.commit = *commit;
      ahead.two_passes = keyed_otherwise && rows > TransactionRows::chunk_rows;
      cursor.seek(position);
      return ahead;
    }
  }
  throw std::logic_error("no transaction to apply");
}

change::RelationPtr SerialApply::table_to_stop(const libpq::ConstraintName& refusing, const Stopping& stopping) const {
  if (refusing.constraint.empty()) return nullptr;
  std::vector<TableRegistry::Name> candidates{{refusing.schema, refusing.table}};
  const libpq::Result referenced = connection_.execute(
      "SELECT n.nspname, r.relname FROM pg_catalog.pg_constraint f"
      " JOIN pg_catalog.pg_class t ON t.oid = f.conrelid JOIN pg_catalog.pg_namespace s ON s.oid = t.relnamespace"
      " JOIN pg_catalog.pg_class r ON r.oid = f.confrelid JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace"
      " WHERE s.nspname = $1 AND t.relname = $2 AND f.conname = $3",
      libpq::Parameters::texts({refusing.schema, refusing.table, refusing.constraint}));
  if (referenced.rows() == 1) candidates.emplace_back(referenced.text(0, 0), referenced.text(0, 1));
  for (const TableRegistry::Name& name : candidates) {
    const auto found = tables_.tables().find(name);
    if (found == tables_.tables().end() || !found->second.table) continue;
    const change::RelationPtr& relation = found->second.table->relation;
    const bool stopped = found->second.state != TrackedTable::State::live ||
                         std::ranges::any_of(stopping, [&](const auto& one) { return *one.first == *relation; });
    if (!stopped) return relation;
  }
  return nullptr;
}

std::optional<SerialApply::Outcome> SerialApply::apply_next(queue::Cursor& cursor, change::Position position,
                                                            change::Position until,
                                                            const std::optional<Refusals>& refusals) {
  const Ahead ahead = look_ahead(cursor, position);
  const change::Commit& commit = ahead.commit;
  if (commit.position > until) return std::nullopt;
  Stopping stopping;
  std::vector<CopyNeeded> copying;
  std::vector<NullNotAllowed> nulls;
  for (const change::SchemaStatement& label : ahead.labels) {
    SchemaScriptRun(connection_, ownership_.mirror, commit.position, !ownership_.replica_role).run(label);
  }
  bool two_passes = refusals.has_value() || ahead.two_passes;
  for (;; cursor.seek(position), tables_.load(connection_)) {
    try {
      Attempt attempt(*this, commit, position, refusals, nulls);
      for (const auto& [relation, reason] : stopping) attempt.stop(tables_.by_name(*relation), *relation, reason);
      for (const CopyNeeded& needed : copying) attempt.leave_to_copy(needed);
      if (ahead.of_postgres) {
        attempt.send(cursor, RowPass::in_order, two_passes ? ApplyMode::replace : ApplyMode::direct);
      } else if (two_passes) {
        attempt.send(cursor, RowPass::deletes);
        cursor.seek(position);
        attempt.send(cursor, RowPass::inserts);
      } else {
        attempt.send(cursor, RowPass::all);
      }
      return attempt.finish();
    } catch (const TableRefused& refused) {
      const bool in_vain =
          std::ranges::any_of(stopping, [&](const auto& one) { return *one.first == *refused.relation; });
      if (in_vain) throw SchemaError(refused.reason);
      stopping.emplace_back(refused.relation, refused.reason);
    } catch (const CopyNeeded& needed) {
      copying.push_back(needed);
    } catch (const NullNotAllowed& refused) {
      const bool in_vain = std::ranges::any_of(nulls, [&](const NullNotAllowed& earlier) {
        return earlier.table->quoted == refused.table->quoted && earlier.column == refused.column;
      });
      if (in_vain) throw SchemaError(refused.what());
      nulls.push_back(refused);
    } catch (const libpq::DatabaseError& error) {
      if (error.connection_lost() || classify(error).kind != FailureKind::poison) throw;
      if (refusals && refusals->rule != config::PoisonRule::stop) {
        if (change::RelationPtr relation = table_to_stop(error.constraint(), stopping)) {
          stopping.emplace_back(std::move(relation), error.what());
          continue;
        }
      }
      if (two_passes || error.sqlstate() != unique_violation) throw BatchRefused(error, commit.position, 1);
      two_passes = true;
    }
  }
}

}  // namespace pgmirror::sinks::postgres
