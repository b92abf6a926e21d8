#include "sinks/postgres/transaction_rows.hpp"

#include <algorithm>
#include <utility>

#include "sinks/postgres/batch_pipeline.hpp"
#include "sinks/postgres/copy_encoder.hpp"
#include "sinks/postgres/copy_sender.hpp"
#include "sinks/postgres/failure.hpp"
#include "sinks/postgres/parked_changes.hpp"
#include "sinks/postgres/refusing_object.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using change::RowOperation;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

/// Gathered before they are sent, like chunk_rows.
constexpr std::size_t chunk_bytes = std::size_t{8} << 20U;
/// Above so many new rows COPY costs the server a third of an INSERT.
constexpr std::size_t copy_rows = 500;
constexpr std::size_t copy_block_bytes = std::size_t{128} << 10U;
/// A statement must not run for ever: the server may have a limit.
constexpr auto longest_copy = 500ms;
/// Saved by each row that is deleted and copied rather than updated; it takes more round trips.
constexpr auto saved_by_replacing = 1us;
constexpr std::size_t replaced_rows = 2000;
/// A third of a page is what an entry of a btree may take, after compression.
constexpr std::size_t shortest_too_long = 2600;

bool is_partial(const change::RowChange& change) {
  return change.operation == RowOperation::update && std::ranges::any_of(change.new_row, &change::Value::is_unchanged);
}

bool is_poison(const libpq::DatabaseError& error) {
  return !error.connection_lost() && classify(error).kind == FailureKind::poison;
}

/// The change as the source told it.
RowEffect effect_of(RowOperation operation, change::Tuple old_key, change::Tuple new_row) {
  using Kind = RowEffect::Kind;
  RowEffect effect;
  effect.kind = operation == RowOperation::insert   ? Kind::insert
                : operation == RowOperation::update ? Kind::update
                                                    : Kind::remove;
  effect.row = new_row.empty() ? nullptr : new_row.data();
  effect.key = old_key.empty() ? effect.row : old_key.data();
  return effect;
}

}  // namespace

/// A COPY that goes on as long as rows of its table come.
class TransactionRows::OpenCopy {
 public:
  OpenCopy(libpq::Connection& connection, MirrorTablePtr table, CopiedKeys keys)
      : table_(std::move(table)), keys_(keys), encoder_(*table_), sender_(connection, *table_, encoder_, keys) {}

  const MirrorTablePtr& table() const { return table_; }
  CopiedKeys keys() const { return keys_; }
  bool is_long() const { return Clock::now() - begun_ > longest_copy; }

  void add(const RowEffect& row) {
    for (std::uint64_t copy = 0; copy < row.copies; ++copy) {
      encoder_.append(block_, {row.row, table_->relation->columns.size()});
      ++rows_;
    }
  }
  bool is_full() const { return block_.bytes.size() >= copy_block_bytes; }
  bool has_odd_values() const { return !block_.odd.empty() || sender_.odd_values() > 0; }
  void send() {
    if (block_.rows == 0) return;
    sender_.send(block_, std::move(block_.odd));
    block_.bytes.clear();
    block_.rows = 0;
    block_.odd = {};
    block_.allow_null.clear();
  }
  /// How many rows the server did not take: something there swallows them.
  std::uint64_t finish() {
    send();
    const std::uint64_t counted = sender_.finish();
    return counted > rows_ ? counted - rows_ : rows_ - counted;
  }

 private:
  const MirrorTablePtr table_;
  const CopiedKeys keys_;
  CopyEncoder encoder_;
  CopySender sender_;
  CopyBlock block_;
  std::uint64_t rows_ = 0;
  const Clock::time_point begun_ = Clock::now();
};

TransactionRows::TransactionRows(libpq::Connection& connection, const Ownership& ownership, const SchemaBuilder& schema,
                                 TableRegistry& tables, const change::Commit& commit,
                                 const std::optional<RefusalRule>& refusals)
    : connection_(connection),
      ownership_(ownership),
      schema_(schema),
      tables_(tables),
      commit_(commit),
      refusals_(refusals) {
  for (const std::string& setting : ownership.settings(SettingScope::transaction)) connection.execute(setting);
}

TransactionRows::~TransactionRows() = default;

void TransactionRows::begin(RowPass pass, ApplyMode mode) {
  pass_ = pass;
  mode_ = mode;
}

void TransactionRows::add(const change::RowChange& change, const MirrorTablePtr& table,
                          std::shared_ptr<const void> owner) {
  switch (pass_) {
    case RowPass::all:
      chunk_.add(table, change.operation, change.old_key, change.new_row);
      break;
    case RowPass::in_order:
      pending_.push_back({table, change.operation, change.old_key, change.new_row});
      pending_bytes_ += row_bytes(change.new_row);
      break;
    case RowPass::deletes:
      if (is_partial(change)) return;
      chunk_.add(table, RowOperation::remove, change.old_key.empty() ? change.new_row : change.old_key, {});
      break;
    case RowPass::inserts:
      if (change.operation == RowOperation::remove) return;
      chunk_.add(table, is_partial(change) ? RowOperation::update : RowOperation::insert, {}, change.new_row);
      break;
  }
  chunk_.keep(std::move(owner));
  if (chunk_.bytes() + pending_bytes_ > chunk_bytes || chunk_.changes() + pending_.size() > chunk_rows) flush();
}

void TransactionRows::flush() {
  if (pass_ == RowPass::in_order) {
    apply_in_order(pending_);
    pending_.clear();
    pending_bytes_ = 0;
    chunk_.clear();
    return;
  }
  chunk_.settle();
  for (const auto& effects : chunk_.tables()) {
    if (pass_ == RowPass::inserts && refusals_) {
      isolate(*effects, effects->rows());
    } else {
      apply(*effects);
    }
  }
  chunk_.clear();
}

void TransactionRows::settle() {
  settle_statement();
  if (const auto copy = std::exchange(copy_, nullptr)) count_drift(copy->finish());
}

void TransactionRows::settle_statement() {
  if (!asked_) return;
  Asked asked = std::move(*asked_);
  asked_.reset();
  count_drift(asked.expectation.drift(asked.statement.answer()));
}

void TransactionRows::count_drift(std::uint64_t rows) {
  // The first of two passes deletes rows that are only about to come.
  if (pass_ == RowPass::all || pass_ == RowPass::in_order) drifted_ += rows;
}

void TransactionRows::apply_in_order(std::span<const PendingChange> changes) {
  if (changes.empty()) return;
  NetBatch net;
  for (const PendingChange& change : changes) net.add(change.table, change.operation, change.old_key, change.new_row);
  net.settle();
  net.sort_by_key();
  if (!refusals_) {
    for (const auto& effects : net.tables()) apply(*effects, mode_);
    return;
  }
  const std::uint64_t drifted = drifted_;
  connection_.execute("SAVEPOINT part");
  try {
    for (const auto& effects : net.tables()) apply(*effects, mode_);
    connection_.execute("RELEASE SAVEPOINT part");
    return;
  } catch (const libpq::DatabaseError& error) {
    if (!is_poison(error)) throw;
    connection_.execute("ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part");
    drifted_ = drifted;
    if (changes.size() == 1) {
      const PendingChange& alone = changes.front();
      return refuse(*net.tables().front(), effect_of(alone.operation, alone.old_key, alone.new_row), error);
    }
  }
  // Halves of the sequence, not of its net effect: each stands where the one before has left the table.
  apply_in_order(changes.first(changes.size() / 2));
  apply_in_order(changes.subspan(changes.size() / 2));
}

/// Deleting a row and putting it back is the same as changing it only where no trigger or foreign key of the mirror
/// notices, and where it holds nothing that the source does not have.
bool TransactionRows::may_be_replaced(const MirrorTable& table) const {
  return ownership_.replica_role && table.own_columns.empty() && !table.key.empty() &&
         ownership_.round_trip < saved_by_replacing * chunk_rows / 4;
}

void TransactionRows::apply(const TableEffects& effects, ApplyMode mode) {
  const MirrorTablePtr& table = effects.table();
  TrackedTable& tracked = tables_.by_name(*table->relation);
  OddValues odd;
  CopiedRows copied{.least = copy_rows};
  if (may_be_replaced(*table)) copied.least_updated = replaced_rows;
  CopiedRows* const left_to_copy = table->takes_copy ? &copied : nullptr;
  for (const Statement& statement : render(effects, mode, tracked.may_have_odd, odd, left_to_copy)) ask(statement);
  if (!copied.rows.empty()) copy(table, copied);
  if (!odd.empty()) {
    settle();
    tracked.may_have_odd = true;
    odd.write(connection_);
  }
  if (refusals_) settle();
}

void TransactionRows::ask(const Statement& statement) {
  settle();
  asked_.emplace(
      Asked{libpq::PendingStatement(connection_, statement.sql, statement.parameters), statement.expectation});
}

void TransactionRows::copy(const MirrorTablePtr& table, const CopiedRows& copied) {
  const CopiedKeys keys = copied.just_deleted > copied.rows.size() / 2 ? CopiedKeys::just_deleted : CopiedKeys::fresh;
  if (copy_ && (copy_->table() != table || copy_->keys() != keys || copy_->is_long())) settle();
  if (!copy_) copy_ = std::make_unique<OpenCopy>(connection_, table, keys);
  for (const RowEffect* row : copied.rows) {
    copy_->add(*row);
    // Meanwhile the server deletes: nothing can be sent before it has answered.
    if (!asked_ && copy_->is_full()) copy_->send();
  }
  if (copy_->has_odd_values()) tables_.by_name(*table->relation).may_have_odd = true;
  settle_statement();
  copy_->send();
}

/// Halves until the rows that are refused stand alone.
void TransactionRows::isolate(const TableEffects& effects, std::span<const RowEffect> rows) {
  const std::size_t cells = effects.table()->relation->columns.size();
  TableEffects part(effects.table());
  for (const RowEffect& row : rows) {
    const auto operation = row.kind == RowEffect::Kind::update ? RowOperation::update : RowOperation::insert;
    part.add(operation, {}, {row.row, cells});
  }
  part.end_transaction();
  connection_.execute("SAVEPOINT part");
  try {
    apply(part);
    connection_.execute("RELEASE SAVEPOINT part");
    return;
  } catch (const libpq::DatabaseError& error) {
    if (!is_poison(error)) throw;
    connection_.execute("ROLLBACK TO SAVEPOINT part");
    if (rows.size() == 1 && too_long_for_an_index(error) && drop_short_indexes(*effects.table(), rows.front())) {
      isolate(effects, rows);
      return;
    }
    if (rows.size() == 1) {
      refuse(effects, rows.front(), error);
      return;
    }
  }
  isolate(effects, rows.first(rows.size() / 2));
  isolate(effects, rows.subspan(rows.size() / 2));
}

/// Indexes of ours that this row is too long for. False where there is none.
bool TransactionRows::drop_short_indexes(const MirrorTable& table, const RowEffect& row) {
  const change::Relation& relation = *table.relation;
  const auto takes_long_value = [&](const change::Index& index) {
    std::size_t bytes = 0;
    for (const std::string& name : index.columns) {
      const auto column = relation.column_position(name);
      if (!column) continue;
      const change::Value& value = row.row[*column];
      const bool has_bytes = value.kind() == change::ValueKind::text || value.kind() == change::ValueKind::blob;
      if (has_bytes) bytes += value.bytes().size();
    }
    return bytes > shortest_too_long;
  };
  return drop_own_indexes(connection_, schema_, relation, commit_.position,
                          "the source holds a value that is too long for it", takes_long_value) > 0;
}

void TransactionRows::refuse(const TableEffects& effects, const RowEffect& row, const libpq::DatabaseError& error) {
  const MirrorTablePtr& table = effects.table();
  if (table->of_postgres() && refused_by_type(error)) throw TableRefused{table->relation, error.what(), true};
  switch (refusals_->rule) {
    case config::PoisonRule::stop:
      throw BatchRefused(error, commit_.position, 1);
    case config::PoisonRule::stop_table:
      throw TableRefused{table->relation, error.what()};
    case config::PoisonRule::park:
      park(connection_, ownership_.mirror, commit_.position, parked_, *table, row, error, refusals_->attempts);
      ++parked_;
  }
}

}  // namespace pgmirror::sinks::postgres
