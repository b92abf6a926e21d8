#include "sinks/postgres/early_apply.hpp"

#include <spdlog/spdlog.h>

#include <utility>
#include <variant>

#include "libpq/database_transaction.hpp"
#include "sinks/postgres/checkpoint.hpp"
#include "sinks/postgres/failure.hpp"
#include "sinks/postgres/sequence_values.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

/// So long the source may take its time before the server is given what there is.
constexpr auto patience = 200ms;

/// The transaction has to be whole before it can be applied.
struct WholeNeeded {};

}  // namespace

class EarlyApply::Attempt {
 public:
  Attempt(EarlyApply& apply, change::Position position)
      : connection_(apply.connection_),
        ownership_(apply.ownership_),
        tables_(apply.tables_),
        position_(position),
        transaction_(connection_),
        rows_(connection_, ownership_, apply.schema_, tables_, commit_, no_refusals_) {
    rows_.begin(apply.pass_);
    // The server waits for us while we wait for the source.
    connection_.execute("SET LOCAL idle_in_transaction_session_timeout = 0");
  }

  /// False when it was given up.
  bool receive(queue::OpenTransaction& open, const std::function<bool()>& give_up) {
    while (!give_up()) {
      const queue::Item* item = open.next();
      if (item == nullptr) {
        if (open.wait({}, patience)) continue;
        rows_.flush();
        rows_.settle();
      } else if (const auto* row = std::get_if<change::RowChange>(item)) {
        add(*row, open);
      } else if (const auto* value = std::get_if<change::SequenceValue>(item)) {
        rows_.settle();
        connection_.execute(set_sequences_sql, sequence_parameters({*value}));
      } else if (const auto* commit = std::get_if<change::Commit>(item)) {
        commit_ = *commit;
        return true;
      } else {
        throw WholeNeeded{};
      }
    }
    return false;
  }

  Applied finish() {
    rows_.flush();
    rows_.settle();
    advance_checkpoint(connection_, ownership_.mirror, ownership_.epoch, position_, commit_.position, commit_.time);
    transaction_.commit();
    applied_.last = commit_;
    applied_.transactions = 1;
    applied_.drifted_rows = rows_.drifted();
    applied_.elapsed = steady_clock::now() - begun_;
    return applied_;
  }

 private:
  void add(const change::RowChange& row, const queue::OpenTransaction& open) {
    TrackedTable* table = tables_.find(row.relation);
    if (table == nullptr) {
      rows_.settle();
      table = &tables_.describe(connection_, row.relation);
    }
    if (table->state == TrackedTable::State::stopped) ++table->skipped;
    if (table->state != TrackedTable::State::live) return;
    // Whether the copy has this transaction, its commit will tell.
    if (table->copied_at > position_) throw WholeNeeded{};
    // A store that lists rows by another key than the mirror's: one may take the key that a later one gives up.
    if (row.relation->has_row_id && row.operation != change::RowOperation::insert) throw WholeNeeded{};
    rows_.add(row, table->table, open.current_block());
    ++table->changes;
    ++applied_.changes;
  }

  libpq::Connection& connection_;
  const Ownership& ownership_;
  TableRegistry& tables_;
  const change::Position position_;
  const steady_clock::time_point begun_ = steady_clock::now();
  const std::optional<RefusalRule> no_refusals_;
  change::Commit commit_;
  libpq::DatabaseTransaction transaction_;
  TransactionRows rows_;
  Applied applied_;
};

std::optional<Applied> EarlyApply::apply(queue::OpenTransaction& open, change::Position position,
                                         const std::function<bool()>& give_up) {
  try {
    Attempt attempt(*this, position);
    if (attempt.receive(open, give_up)) return attempt.finish();
    spdlog::debug("[MirrorApply] A large transaction was given up before its end");
  } catch (const WholeNeeded&) {
    spdlog::debug("[MirrorApply] A large transaction holds more than rows: it is applied when all of it is there");
  } catch (const queue::TransactionAbandoned& abandoned) {
    spdlog::debug("[MirrorApply] A large transaction comes again: {}", abandoned.what());
  } catch (const NullNotAllowed& refused) {
    spdlog::debug("[MirrorApply] A large transaction is applied when all of it is there: {}", refused.what());
  } catch (const libpq::DatabaseError& error) {
    if (error.connection_lost() || classify(error).kind != FailureKind::poison) throw;
    spdlog::debug("[MirrorApply] A large transaction is applied when all of it is there: {}", error.what());
  }
  // What the attempt has described may have stood in its transaction only.
  tables_.load(connection_);
  return std::nullopt;
}

}  // namespace pgmirror::sinks::postgres
