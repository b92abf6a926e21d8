#include "sinks/postgres/row_statements.hpp"

#include <gtest/gtest.h>

#include <deque>

#include "tests/unit/sinks/sample_table.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using change::RowOperation;
using change::TypeFamily;
using change::Value;

/// `id` bigint, the key; `name` text; `note` text.
MirrorTable people() {
  return sample_table({{"id", TypeFamily::integer, "bigint"}, {"name", TypeFamily::text}, {"note", TypeFamily::text}});
}

/// What a batch of changes of one table is sent as.
class Rendered {
 public:
  explicit Rendered(MirrorTable table) : effects_(std::make_shared<MirrorTable>(std::move(table))) {}

  using Cells = std::vector<Value>;
  Rendered& insert(Cells row) { return add(RowOperation::insert, {}, std::move(row)); }
  Rendered& update(Cells row) { return add(RowOperation::update, {}, std::move(row)); }
  Rendered& update(Cells key, Cells row) { return add(RowOperation::update, std::move(key), std::move(row)); }
  Rendered& remove(Cells key) { return add(RowOperation::remove, std::move(key), {}); }

  std::vector<std::string> sql(ApplyMode mode = ApplyMode::direct, CopiedRows* copied = nullptr) {
    effects_.end_transaction();
    expected_.clear();
    OddValues odd;
    std::vector<std::string> texts;
    for (const Statement& statement : render(effects_, mode, false, odd, copied)) {
      texts.push_back(statement.sql.substr(0, statement.sql.find(' ')));
      expected_.push_back(statement.expectation.rows.value_or(0));
      last_ = statement.sql;
    }
    return texts;
  }
  const std::vector<std::uint64_t>& expected() const { return expected_; }
  /// The text of the last statement.
  const std::string& last() const { return last_; }

 private:
  Rendered& add(RowOperation operation, Cells key, Cells row) {
    const change::Tuple kept_key = kept_.emplace_back(std::move(key));
    effects_.add(operation, kept_key, kept_.emplace_back(std::move(row)));
    return *this;
  }

  std::deque<Cells> kept_;
  TableEffects effects_;
  std::vector<std::uint64_t> expected_;
  std::string last_;
};

Rendered::Cells whole(std::int64_t id) { return {Value::integer(id), Value::text("n"), Value::text("x")}; }
Rendered::Cells partly(std::int64_t id) { return {Value::integer(id), Value::text("n"), Value::unchanged()}; }
Rendered::Cells key(std::int64_t id) { return {Value::integer(id), Value::unchanged(), Value::unchanged()}; }
using Texts = std::vector<std::string>;

TEST(RowStatements, DeletesComeBeforeUpdatesAndInserts) {
  Rendered batch(people());
  batch.insert(whole(1)).update(whole(2)).remove(key(3));
  EXPECT_EQ(batch.sql(), (Texts{"DELETE", "UPDATE", "INSERT"}));
  EXPECT_EQ(batch.expected(), (std::vector<std::uint64_t>{1, 1, 1}));
}

TEST(RowStatements, ManyKeysThatFollowEachOtherAreDeletedAsARange) {
  Rendered range(people());
  for (std::int64_t id = 200; id > 0; --id) range.remove(key(id - 50));
  EXPECT_EQ(range.sql(), Texts{"DELETE"});
  EXPECT_EQ(range.last(), "DELETE FROM \"public\".\"t\" AS t WHERE t.\"id\" BETWEEN '-49'::bigint AND '150'::bigint");
  EXPECT_EQ(range.expected(), std::vector<std::uint64_t>{200});
  Rendered with_a_gap(people());
  for (std::int64_t id = 0; id < 200; ++id) with_a_gap.remove(key(id < 100 ? id : id + 1));
  EXPECT_EQ(with_a_gap.sql(), Texts{"DELETE"});
  EXPECT_NE(with_a_gap.last().find("ANY ($1)"), std::string::npos) << with_a_gap.last();
}

TEST(RowStatements, CellsThatWereNotSentAreNotSet) {
  Rendered batch(people());
  batch.update(partly(1));
  EXPECT_EQ(batch.sql(), Texts{"UPDATE"});
  EXPECT_EQ(batch.last().find("note"), std::string::npos) << batch.last();
}

TEST(RowStatements, UpdatesAreOneStatementForEachSetOfColumns) {
  Rendered batch(people());
  batch.update(partly(1)).update(partly(2)).update(whole(3)).update(whole(4));
  EXPECT_EQ(batch.sql(), (Texts{"UPDATE", "UPDATE"}));
  EXPECT_EQ(batch.expected(), (std::vector<std::uint64_t>{2, 2}));
}

TEST(RowStatements, T25_IncompleteRowGetsItsNewKeyWhereItStands) {
  Rendered batch(people());
  batch.update(key(1), partly(2));
  EXPECT_EQ(batch.sql(), Texts{"UPDATE"});
  EXPECT_EQ(batch.last().find("note"), std::string::npos) << batch.last();
  EXPECT_NE(batch.last().find("t.\"id\" = u.k0"), std::string::npos) << batch.last();
}

TEST(RowStatements, K11_KeysThatChangeHandsAreExchangedInOneStatement) {
  Rendered batch(people());
  batch.update(key(1), partly(9)).update(key(2), partly(1)).update(key(9), partly(2));
  EXPECT_EQ(batch.sql(), Texts{"WITH"});
  EXPECT_EQ(batch.expected(), std::vector<std::uint64_t>{2});
}

TEST(RowStatements, RowInTheWayOfAMovedOneIsDeletedFirst) {
  Rendered batch(people());
  batch.remove(key(2)).update(key(1), partly(2));
  EXPECT_EQ(batch.sql(), (Texts{"DELETE", "UPDATE"}));
}

TEST(RowStatements, ReplacingTakesIncompleteRowsOutAndPutsThemBack) {
  Rendered batch(people());
  batch.update(partly(1)).update(whole(2)).insert(whole(3)).remove(key(4));
  EXPECT_EQ(batch.sql(ApplyMode::replace), (Texts{"DELETE", "WITH", "INSERT"}));
  // What is inserted should not stand there yet.
  EXPECT_EQ(batch.expected(), (std::vector<std::uint64_t>{2, 1, 2}));
}

TEST(RowStatements, ManyNewRowsAreLeftToACopy) {
  Rendered batch(people());
  batch.insert(whole(1)).insert(whole(2)).update(whole(3)).remove(key(4));
  CopiedRows copied{.least = 3};
  EXPECT_EQ(batch.sql(ApplyMode::direct, &copied), (Texts{"DELETE", "UPDATE", "INSERT"}));
  EXPECT_TRUE(copied.rows.empty());
  copied.least = 2;
  EXPECT_EQ(batch.sql(ApplyMode::direct, &copied), (Texts{"DELETE", "UPDATE"}));
  EXPECT_EQ(copied.rows.size(), 2U);
}

TEST(RowStatements, ManyChangedRowsAreDeletedAndLeftToACopy) {
  Rendered batch(people());
  batch.update(whole(1)).update(partly(2)).update(whole(3)).insert(whole(4)).remove(key(5));
  CopiedRows copied{.least = 500, .least_updated = 2};
  EXPECT_EQ(batch.sql(ApplyMode::direct, &copied), (Texts{"DELETE", "UPDATE"}));
  EXPECT_EQ(batch.expected(), (std::vector<std::uint64_t>{3, 1}));
  EXPECT_EQ(copied.rows.size(), 3U) << "the new row goes with them";
  copied = {.least = 500, .least_updated = 3};
  EXPECT_EQ(batch.sql(ApplyMode::direct, &copied), (Texts{"DELETE", "UPDATE", "UPDATE", "INSERT"}));
}

TEST(RowStatements, D15_KeyThatTheMirrorGeneratesIsOverridden) {
  MirrorTable table = people();
  table.columns[0].identity_always = true;
  Rendered batch(table);
  batch.insert(whole(1));
  batch.sql();
  EXPECT_NE(batch.last().find("OVERRIDING SYSTEM VALUE"), std::string::npos) << batch.last();
}

TEST(RowStatements, KeyOfAnExtensionsTypeIsComparedByItsOwnOperator) {
  MirrorTable table = people();
  table.columns[0].equal = "OPERATOR(extensions.=)";
  Rendered batch(table);
  batch.update(whole(1));
  batch.sql();
  EXPECT_NE(batch.last().find("t.\"id\" OPERATOR(extensions.=) u.c0"), std::string::npos) << batch.last();
}

TEST(RowStatements, K2_RowsWithoutAKeyAreDeletedByNumber) {
  MirrorTable table = people();
  auto relation = std::make_shared<change::Relation>(*table.relation);
  relation->key.clear();
  relation->identity = change::ReplicaIdentity::full;
  table.relation = relation;
  table.key.clear();
  Rendered batch(table);
  batch.remove(whole(1)).remove(whole(1)).insert(whole(2)).insert(whole(2));
  EXPECT_EQ(batch.sql(), (Texts{"DELETE", "INSERT"}));
  EXPECT_EQ(batch.expected(), (std::vector<std::uint64_t>{2, 2}));
}

TEST(RowStatements, NullWhereTheMirrorRefusesItIsSaidBeforehand) {
  MirrorTable table = people();
  table.columns[1].not_null = true;
  Rendered batch(table);
  batch.insert({Value::integer(1), Value::null(), Value::null()});
  EXPECT_THROW(batch.sql(), NullNotAllowed);
}

}  // namespace
}  // namespace pgmirror::sinks::postgres
