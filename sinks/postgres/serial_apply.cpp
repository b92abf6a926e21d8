#include "sinks/postgres/serial_apply.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "libpq/database_transaction.hpp"
#include "sinks/postgres/checkpoint.hpp"
#include "sinks/postgres/enum_labels.hpp"
#include "sinks/postgres/failure.hpp"
#include "sinks/postgres/of_postgres.hpp"
#include "sinks/postgres/refusing_object.hpp"
#include "sinks/postgres/schema_script_run.hpp"
#include "sinks/postgres/sequence_values.hpp"
#include "sinks/postgres/table_emptying.hpp"
#include "sinks/postgres/transaction_definitions.hpp"

namespace pgmirror::sinks::postgres {

namespace {

using change::RowOperation;
using std::chrono::steady_clock;

constexpr const char* unique_violation = "23505";

}  // namespace

/// One try at one transaction. Rolls back unless it came to its end.
class SerialApply::Attempt {
 public:
  Attempt(SerialApply& apply, const change::Commit& commit, change::Position expected,
          const std::optional<Refusals>& refusals, const std::vector<NullNotAllowed>& nulls,
          const std::vector<CopyNeeded>& left_to_copy, const Stopping& copied_again)
      : connection_(apply.connection_),
        ownership_(apply.ownership_),
        schema_(apply.schema_),
        tables_(apply.tables_),
        commit_(commit),
        expected_(expected),
        refusals_(refusals),
        nulls_(nulls),
        copied_again_(copied_again),
        transaction_(apply.connection_),
        rows_(connection_, ownership_, schema_, tables_, commit_, refusals_),
        definitions_(connection_, schema_, tables_, commit_, left_to_copy,
                     refusals && refusals->rule != config::PoisonRule::stop) {}

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

  Outcome finish() {
    definitions_.finish();
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
        if (!second_pass_) definitions_.put_off(*schema);
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
      if (!copied_since && table.state != TrackedTable::State::stopped) {
        tables_.await_copy(connection_, *gap->relation, gap->reason);
      }
    } else if (const auto* statement = std::get_if<change::SchemaStatement>(&item)) {
      define_tables();
      flush();
      const bool learned_before = statement->kind == change::enum_label_kind;
      if (learned_before || !definitions_.takes_parts(*statement)) return;
      if (statement->kind == "table") definitions_.free_name(*statement);
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
      leave_to_copy(*table, *relation);
    }
    if (table->state == TrackedTable::State::stopped) ++table->skipped;
    if (table->state != TrackedTable::State::live || table->copied_at >= commit_.position) return nullptr;
    return table;
  }

  /// Here, because the table may have got its name in this transaction.
  void leave_to_copy(const TrackedTable& table, const change::Relation& relation) {
    const auto found = std::ranges::find_if(copied_again_, [&](const auto& one) { return *one.first == relation; });
    if (found == copied_again_.end() || table.state != TrackedTable::State::live) return;
    tables_.await_copy(connection_, relation, found->second);
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
  /// redefines a table's key it empties the table first.
  void define_tables() {
    if (!definitions_.waiting()) return empty();
    flush();
    std::vector<change::RelationPtr> afterwards = definitions_.take_emptied(emptied_);
    empty();
    for (const change::RelationPtr& relation : definitions_.carry_out()) {
      allow_nulls(relation);
      leave_to_copy(tables_.by_name(*relation), *relation);
      ++outcome_.applied.changes;
    }
    emptied_ = std::move(afterwards);
    empty();
  }

  void empty() {
    if (emptied_.empty()) return;
    flush();
    std::vector<MirrorTablePtr> together;
    for (const change::RelationPtr& relation : std::exchange(emptied_, {})) {
      TrackedTable* table = table_for(relation);
      if (table == nullptr) continue;
      together.push_back(table->table);
      count(*table);
    }
    empty_tables(connection_, together);
  }

  libpq::Connection& connection_;
  const Ownership& ownership_;
  const SchemaBuilder& schema_;
  TableRegistry& tables_;
  const change::Commit& commit_;
  change::Position expected_;
  const std::optional<Refusals>& refusals_;
  const std::vector<NullNotAllowed>& nulls_;
  const Stopping& copied_again_;
  libpq::DatabaseTransaction transaction_;
  TransactionRows rows_;
  TransactionDefinitions definitions_;
  std::vector<change::RelationPtr> emptied_;
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
      // They cannot be used in the transaction that adds them.
      const bool labels = statement->kind == change::enum_label_kind || statement->kind == enum_type_kind;
      if (labels) ahead.labels.push_back(*statement);
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
  Stopping copied_again;
  std::vector<CopyNeeded> left_to_copy;
  std::vector<NullNotAllowed> nulls;
  learn_labels(connection_, ownership_.mirror, commit.position, ahead.labels);
  bool two_passes = refusals.has_value() || ahead.two_passes;
  for (;; cursor.seek(position), tables_.load(connection_)) {
    try {
      Attempt attempt(*this, commit, position, refusals, nulls, left_to_copy, copied_again);
      for (const auto& [relation, reason] : stopping) attempt.stop(tables_.by_name(*relation), *relation, reason);
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
      Stopping& others = refused.copied_again ? copied_again : stopping;
      const bool in_vain =
          std::ranges::any_of(others, [&](const auto& one) { return *one.first == *refused.relation; });
      if (in_vain) throw SchemaError(refused.reason);
      others.emplace_back(refused.relation, refused.reason);
    } catch (const CopyNeeded& needed) {
      const auto same = [&](const CopyNeeded& earlier) {
        return earlier.table->qualified_name() == needed.table->qualified_name();
      };
      const auto earlier = std::ranges::find_if(left_to_copy, same);
      if (earlier != left_to_copy.end() && earlier->keeps_name == needed.keeps_name) throw SchemaError(needed.reason);
      std::erase_if(left_to_copy, same);
      left_to_copy.push_back(needed);
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
