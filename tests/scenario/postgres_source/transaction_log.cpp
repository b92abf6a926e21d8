#include "tests/scenario/postgres_source/transaction_log.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>

namespace pgmirror::tests {
namespace {

std::string name(const change::Relation& relation) {
  return relation.schema == "public" ? relation.name : relation.qualified_name();
}

std::string text(change::Tuple cells) {
  std::string all = "[";
  for (const change::Value& cell : cells) {
    if (all.size() > 1) all += '|';
    if (cell.is_null()) {
      all += "NULL";
    } else if (cell.is_unchanged()) {
      all += '~';
    } else {
      EXPECT_EQ(cell.kind(), change::ValueKind::text);
      all += cell.bytes();
    }
  }
  return all + "]";
}

std::string definition(const change::RelationPtr& relation) {
  if (!relation) return "nothing";
  std::string all = name(*relation) + "(";
  for (const change::Column& column : relation->columns) all += (all.back() == '(' ? "" : ",") + column.name;
  return all + ")";
}

}  // namespace

void TransactionLog::begin() {
  std::unique_lock lock(mutex_);
  gate_.wait(lock, [this] { return !closed_; });
  EXPECT_FALSE(inside_) << "begin inside a transaction";
  inside_ = true;
  open_ = {};
}

void TransactionLog::row(const change::RowChange& change) {
  const std::size_t columns = change.relation->columns.size();
  EXPECT_TRUE(change.new_row.empty() || change.new_row.size() == columns);
  EXPECT_TRUE(change.old_key.empty() || change.old_key.size() == columns);
  {
    const std::lock_guard lock(mutex_);
    ++rows_;
  }
  if (!keep_rows) return;
  const std::string table = name(*change.relation);
  switch (change.operation) {
    case change::RowOperation::insert:
      EXPECT_TRUE(change.old_key.empty());
      note("insert " + table + " " + text(change.new_row));
      break;
    case change::RowOperation::update:
      note("update " + table + (change.old_key.empty() ? "" : " " + text(change.old_key)) + " " + text(change.new_row));
      break;
    case change::RowOperation::remove:
      EXPECT_TRUE(change.new_row.empty());
      note("delete " + table + " " + text(change.old_key));
      break;
  }
}

void TransactionLog::schema(const change::SchemaChange& change) {
  std::string line = "schema " + (change.before ? name(*change.before) : "nothing") + " -> " + definition(change.after);
  for (const auto& [before, after] : change.renamed_columns) line += " " + before + "=" + after;
  note(line);
}

void TransactionLog::truncate(const change::Truncation& change) {
  std::string line = "truncate ";
  for (const change::RelationPtr& relation : change.relations)
    line += (line.back() == ' ' ? "" : ",") + name(*relation);
  note(line);
}

void TransactionLog::gap(const change::ContentGap& gap) { note("gap " + name(*gap.relation)); }

void TransactionLog::statement(const change::SchemaStatement& statement) {
  note("statement " + statement.kind + " " + statement.name);
}

void TransactionLog::sequence(const change::SequenceValue& value) { note("sequence " + value.name); }

void TransactionLog::commit(const change::Commit& commit) {
  const std::lock_guard lock(mutex_);
  EXPECT_TRUE(inside_) << "commit outside a transaction";
  EXPECT_GT(commit.position, last_);
  inside_ = false;
  last_ = commit.position;
  open_.position = commit.position;
  open_.time = commit.time;
  committed_.push_back(std::move(open_));
}

void TransactionLog::rollback() {
  const std::lock_guard lock(mutex_);
  EXPECT_TRUE(inside_) << "rollback outside a transaction";
  inside_ = false;
  open_ = {};
}

void TransactionLog::sync() {
  const std::lock_guard lock(mutex_);
  std::ranges::move(committed_, std::back_inserter(durable_));
  committed_.clear();
}

void TransactionLog::note(std::string change) {
  EXPECT_TRUE(inside_) << change << " outside a transaction";
  open_.changes.push_back(std::move(change));
}

void TransactionLog::start_at(change::Position position) {
  const std::lock_guard lock(mutex_);
  start_ = position;
  last_ = std::max(last_, position);
}

change::Position TransactionLog::end() const {
  const std::lock_guard lock(mutex_);
  return durable_.empty() ? start_ : durable_.back().position;
}

change::Position TransactionLog::last_commit() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

std::vector<TransactionLog::Transaction> TransactionLog::durable() const {
  const std::lock_guard lock(mutex_);
  return durable_;
}

std::vector<TransactionLog::Transaction> TransactionLog::durable_with_changes() const {
  std::vector<Transaction> kept = durable();
  std::erase_if(kept, [](const Transaction& transaction) { return transaction.changes.empty(); });
  return kept;
}

std::vector<std::string> TransactionLog::changes() const {
  std::vector<std::string> all;
  for (Transaction& transaction : durable_with_changes())
    std::ranges::move(transaction.changes, std::back_inserter(all));
  return all;
}

std::uint64_t TransactionLog::rows_begun() const {
  const std::lock_guard lock(mutex_);
  return rows_;
}

void TransactionLog::forget_after(std::size_t count) {
  const std::lock_guard lock(mutex_);
  committed_.clear();
  durable_.resize(count);
  last_ = durable_.empty() ? start_ : durable_.back().position;
}

void TransactionLog::close_gate() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

void TransactionLog::open_gate() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = false;
  }
  gate_.notify_all();
}

}  // namespace pgmirror::tests
