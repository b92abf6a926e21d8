#include "tests/scenario/sqlite_source/followed_store.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/eventually.hpp"

namespace pgmirror::tests {

FollowedStore::FollowedStore(SqliteDatabase::Journal journal) : file_(directory_ / "app.db") {
  settings_.file = file_;
  std::filesystem::create_directories(state_directory());
  SqliteDatabase database(file_, journal);
  database.exec(
      "CREATE TABLE ledger(id INTEGER PRIMARY KEY, note TEXT);"
      "CREATE TABLE totals(id INTEGER PRIMARY KEY, n INTEGER, last INTEGER);"
      "CREATE INDEX ledger_note ON ledger(note);"
      "WITH RECURSIVE k(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM k WHERE i < 49)"
      "  INSERT INTO totals SELECT i, 0, 0 FROM k;");
}

FollowedStore::~FollowedStore() = default;

void FollowedStore::start() {
  const auto durable = writer_.durable();
  const change::Position end{durable.empty() ? 0 : durable.back().position};
  close();
  const auto identity = durable.empty() ? std::nullopt : identity_;
  source_ = std::make_unique<capture::sqlite::SqliteSource>(settings_, config::TableRules(), state_directory(), end,
                                                            identity);
  if (!copied_) {
    copied_ = true;
    const auto snapshot = source_->open_snapshot();
    for (const change::RelationPtr& relation : snapshot->relations()) {
      snapshot->read(*relation, [&](change::Tuple row) {
        start_.apply(to_text({change::RowOperation::insert, relation, {}, row}));
        return true;
      });
    }
  }
  thread_ = std::jthread([this](std::stop_token stop) {
    try {
      source_->run(writer_, stop);
    } catch (...) {
      failure_ = std::current_exception();
    }
  });
}

void FollowedStore::stop() {
  thread_.request_stop();
  thread_.join();
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void FollowedStore::close() { source_.reset(); }

void FollowedStore::sql(const std::string& statements) const {
  SqliteDatabase(file_, SqliteDatabase::Journal::as_is).exec(statements);
}

std::uint64_t FollowedStore::wal_size() const {
  std::error_code error;
  const auto size = std::filesystem::file_size(file_.string() + "-wal", error);
  return error ? 0 : size;
}

std::unique_ptr<ChildProcess> FollowedStore::start_application(const std::vector<std::string>& arguments) const {
  ProgramCall call{.arguments = {PGMIRROR_SQLITE_WRITER, file_.string()}};
  call.arguments.insert(call.arguments.end(), arguments.begin(), arguments.end());
  return std::make_unique<ChildProcess>(std::move(call));
}

RowMirror FollowedStore::mirror() const {
  RowMirror mirror = start_;
  for (const auto& transaction : writer_.durable()) {
    for (const TextChange& change : transaction.changes) mirror.apply(change);
  }
  return mirror;
}

void FollowedStore::expect_same_content() const {
  const RowMirror mirrored = mirror();
  for (const char* table : {"ledger", "totals"}) {
    EXPECT_TRUE(mirrored.table(table) == table_by_sql(file_.string(), table)) << table << " differs";
  }
}

void FollowedStore::expect_ledger(int first, int last, int lumps) const {
  int next = first;
  int lumped = 0;
  std::uint64_t position = 1;
  for (const auto& transaction : writer_.durable()) {
    ASSERT_EQ(transaction.position, position + 1);
    position = transaction.position;
    std::vector<int> ids;
    std::vector<TextChange> totals;
    for (const TextChange& change : transaction.changes) {
      if (change.table == "totals") {
        totals.push_back(change);
      } else {
        ASSERT_EQ(change.operation, 'i');
        ids.push_back(std::stoi(change.new_key));
      }
    }
    // Within a transaction rows come in no order that would mean anything.
    std::sort(ids.begin(), ids.end());
    for (const int id : ids) ASSERT_EQ(id, next++);
    if (ids.size() == 1) {
      ASSERT_EQ(totals.size(), 1U) << "transaction " << ids[0];
      ASSERT_EQ(totals[0].new_key, std::to_string(ids[0] % 50));
      ASSERT_TRUE(totals[0].row.ends_with("|" + std::to_string(ids[0])));
    } else {
      ++lumped;
    }
  }
  EXPECT_EQ(next, last + 1);
  // A gap is healed by one transaction; that must stay an exception.
  EXPECT_LE(lumped, lumps);
}

bool FollowedStore::wait_for_ledger(int last, std::chrono::milliseconds patience) const {
  return eventually(patience, [&] {
    const auto durable = writer_.durable();
    if (durable.empty()) return false;
    for (const TextChange& change : durable.back().changes) {
      if (change.table == "ledger" && change.new_key == std::to_string(last)) return true;
    }
    return false;
  });
}

void finish(ChildProcess& application) {
  const ProgramEnd end = application.wait(std::chrono::minutes{2});
  ASSERT_EQ(end.exit_code, 0) << application.output();
}

}  // namespace pgmirror::tests
