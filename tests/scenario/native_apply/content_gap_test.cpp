#include <fmt/format.h>

#include <atomic>

#include "tests/scenario/native_apply/native_apply.hpp"

namespace pgmirror::tests {
namespace {

/// Tables whose content was not told, and the first copy over several connections.
class CopiedContent : public NativeApply {
 protected:
  CopiedContent() {
    std::vector<Printed> rows;
    for (int id = 1; id <= 1000; ++id) rows.push_back({std::to_string(id), fmt::format("n{}", id)});
    items_ = native_.table("item", {{"id", "integer"}, {"name", "text"}}, {0}, std::move(rows));
    other_ = native_.table("other", {{"id", "integer"}, {"name", "text"}}, {0}, {{"1", "a"}});
  }

  change::RelationPtr items_;
  change::RelationPtr other_;
};

TEST_F(CopiedContent, S11_PartsOfATableComeOverSeveralConnections) {
  native_.rows_in_part = 100;
  mirror_.pool = 3;
  start_and_copy();
  EXPECT_TRUE(holds_what_the_source_has(items_));
  EXPECT_TRUE(holds_what_the_source_has(other_));
  EXPECT_EQ(ask("SELECT state || ' ' || rows FROM pgmirror.tables WHERE table_name = 'item'"), "live 1000");
  native_.transaction([&] { native_.update(items_, {"5", "n5"}, {"5", "five"}); });
  expect_exact(items_);
}

TEST_F(CopiedContent, S10_InterruptedTableIsCopiedAgainAndAFinishedOneIsNot) {
  native_.rows_in_part = 100;
  mirror_.pool = 2;
  std::atomic<int> failures = 0;
  std::atomic<int> others = 0;
  native_.before_part = [&](const std::string& table, std::size_t part) {
    if (table == "other") ++others;
    if (table == "item" && part == 3 && ++failures == 1) {
      // Let the small table come to its end.
      const auto deadline = std::chrono::steady_clock::now() + 20s;
      while (ask("SELECT state FROM pgmirror.tables WHERE table_name = 'other'") != "live" &&
             std::chrono::steady_clock::now() < deadline) {
      }
      throw libpq::DatabaseError("the source went away", "08006", true);
    }
  };
  start();
  ASSERT_TRUE(eventually(30s, [&] { return failures > 0; }));
  ASSERT_TRUE(catches_up());
  EXPECT_TRUE(holds_what_the_source_has(items_));
  EXPECT_TRUE(holds_what_the_source_has(other_));
  EXPECT_EQ(others, 1);
  EXPECT_EQ(count("app.item"), 1000);
}

TEST_F(CopiedContent, D3_D4_RewrittenTableIsCopiedAgainAndOthersGoOn) {
  start_and_copy();
  native_.transaction([&] {
    native_.rewrite(items_, {{"1", "N1"}, {"2000", "N2000"}});
    native_.gap(items_, "rows were rewritten");
  });
  native_.transaction([&] { native_.insert(other_, {"2", "b"}); });
  native_.transaction([&] { native_.insert(items_, {"3", "three"}); });
  ASSERT_TRUE(catches_up());
  ASSERT_TRUE(eventually(30s, [&] { return holds_what_the_source_has(items_) == testing::AssertionSuccess(); }));
  EXPECT_TRUE(holds_what_the_source_has(items_));
  EXPECT_TRUE(holds_what_the_source_has(other_));
  native_.transaction([&] { native_.update(items_, {"3", "three"}, {"3", "tre"}); });
  expect_exact(items_);
}

TEST_F(CopiedContent, CommitsRightBehindTheSnapshotOfACopyAreApplied) {
  start_and_copy();
  std::atomic<bool> told = false;
  native_.behind_snapshot = [&] {
    if (told) return;
    native_.transaction([&] { native_.insert(items_, {"3000", "right behind"}); });
    native_.transaction([&] { native_.insert(items_, {"3001", "later"}); });
    told = true;
  };
  native_.transaction([&] {
    native_.rewrite(items_, {{"1", "N1"}});
    native_.gap(items_, "rows were rewritten");
  });
  ASSERT_TRUE(eventually(30s, [&] { return told.load(); }));
  expect_exact(items_);
}

TEST_F(CopiedContent, MirrorRestsUntilTheSnapshotOfACopyIsThere) {
  start_and_copy();
  std::atomic<bool> taken = false;
  std::atomic<bool> given = false;
  native_.behind_snapshot = [&] {
    taken = true;
    given.wait(false);
  };
  native_.transaction([&] {
    native_.rewrite(items_, {{"1", "N1"}});
    native_.gap(items_, "rows were rewritten");
  });
  EXPECT_TRUE(eventually(30s, [&] { return taken.load(); }));
  native_.transaction([&] { native_.insert(items_, {"3000", "meanwhile"}); });
  EXPECT_TRUE(rests());
  given = true;
  given.notify_all();
  expect_exact(items_);
}

TEST_F(CopiedContent, D1_ColumnIsAddedRightBehindTheSnapshotOfACopy) {
  start_and_copy();
  std::atomic<bool> told = false;
  native_.behind_snapshot = [&] {
    if (told) return;
    native_.transaction([&] {
      change::Relation after = *items_;
      after.columns.push_back({.name = "added", .declared_type = "integer", .family = change::TypeFamily::native});
      items_ = native_.redefine(items_, after);
      native_.rewrite(items_, {{"1", "N1", std::nullopt}});
      native_.insert(items_, {"3000", "right behind", "7"});
    });
    native_.transaction([&] { native_.insert(items_, {"3001", "later", "8"}); });
    told = true;
  };
  native_.transaction([&] {
    native_.rewrite(items_, {{"1", "N1"}});
    native_.gap(items_, "rows were rewritten");
  });
  ASSERT_TRUE(eventually(30s, [&] { return told.load(); }));
  expect_exact(items_);
}

TEST_F(CopiedContent, D1_TruncateIsTheFirstThatIsHeardOfATableWithANewColumn) {
  start_and_copy();
  native_.transaction([&] {
    change::Relation after = *items_;
    after.columns.push_back({.name = "added", .declared_type = "integer", .family = change::TypeFamily::native});
    items_ = native_.redefine(items_, after);
    native_.truncate({items_});
    native_.insert(items_, {"1", "new", "7"});
  });
  expect_exact(items_);
}

TEST_F(CopiedContent, GapIsNotForgottenByAStop) {
  start_and_copy();
  stop();
  native_.transaction([&] {
    native_.rewrite(items_, {{"1", "N1"}});
    native_.gap(items_, "rows were rewritten");
  });
  start();
  ASSERT_TRUE(eventually(30s, [&] {
    return ask("SELECT state FROM pgmirror.tables WHERE table_name = 'item'") == "live" && count("app.item") == 1;
  }));
  stop();
  start();
  expect_exact(items_);
}

TEST_F(CopiedContent, D9_NewTableComesWithItsRows) {
  start_and_copy();
  change::RelationPtr fresh;
  fresh = native_.table("fresh", {{"id", "integer"}, {"name", "text"}}, {0}, {{"1", "x"}, {"2", "y"}});
  native_.transaction([&] { native_.gap(fresh, "the table is new"); });
  native_.transaction([&] { native_.insert(fresh, {"3", "z"}); });
  ASSERT_TRUE(catches_up());
  ASSERT_TRUE(eventually(30s, [&] {
    return ask("SELECT coalesce(max(state), '') FROM pgmirror.tables WHERE table_name = "
               "'fresh'") == "live";
  }));
  expect_exact(fresh);
}

TEST_F(CopiedContent, G12_RowsThatStandWhereNewOnesComeAreReplaced) {
  start_and_copy();
  tell("INSERT INTO app.item VALUES (2500, 'not ours')");
  native_.transaction([&] {
    for (int id = 2000; id < 27'000; ++id) native_.insert(items_, {std::to_string(id), "new"});
  });
  ASSERT_TRUE(catches_up());
  EXPECT_TRUE(holds_what_the_source_has(items_));
}

TEST_F(CopiedContent, D4_RetypedTableIsMadeAnew) {
  start_and_copy();
  native_.transaction([&] {
    change::Relation after = *items_;
    after.columns[1].declared_type = "jsonb";
    items_ = native_.redefine(items_, after);
    native_.rewrite(items_, {{"1", R"({"n": 1})"}});
  });
  native_.script({.kind = "table",
                  .schema = "app",
                  .name = "item",
                  .sql = "CREATE TABLE app.item (id integer, name jsonb)",
                  .required = true});
  native_.transaction([&] { native_.insert(items_, {"7", R"({"n": 7})"}); });
  ASSERT_TRUE(catches_up());
  ASSERT_TRUE(eventually(30s, [&] { return count("app.item") == 2; })) << status().reason;
  EXPECT_TRUE(holds_what_the_source_has(items_));
}

TEST_F(CopiedContent, D4_RetypedTableKeepsWhatDependsOnIt) {
  native_.script({.stage = change::SchemaStatement::Stage::after_data,
                  .kind = "view",
                  .schema = "app",
                  .name = "ids",
                  .sql = "CREATE VIEW app.ids AS SELECT id FROM app.item"});
  start_and_copy();
  tell("ALTER TABLE app.item ADD COLUMN note text DEFAULT 'ours'");
  native_.transaction([&] {
    change::Relation after = *items_;
    after.columns[1].declared_type = "integer";
    items_ = native_.redefine(items_, after);
    native_.rewrite(items_, {{"1", "11"}, {"2", "22"}});
  });
  ASSERT_TRUE(catches_up());
  ASSERT_TRUE(eventually(30s, [&] { return count("app.ids") == 2; })) << status().reason;
  EXPECT_TRUE(holds_what_the_source_has(items_));
  EXPECT_EQ(rows("SELECT DISTINCT note FROM app.item"), std::vector<std::string>{"ours"});
  EXPECT_EQ(ask("SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'app.item'::regclass AND "
                "attname = 'name'"),
            "integer");
}

TEST_F(CopiedContent, D6_ColumnIsRenamedWhileItsTableWaitsForACopy) {
  native_.script({.stage = change::SchemaStatement::Stage::after_data,
                  .kind = "view",
                  .schema = "app",
                  .name = "names",
                  .sql = "CREATE VIEW app.names AS SELECT name FROM app.item"});
  start_and_copy();
  in_one_batch([&] {
    native_.transaction([&] { native_.gap(items_, "rows were rewritten"); });
    native_.transaction([&] {
      change::Relation after = *items_;
      after.columns[1].name = "title";
      items_ = native_.redefine(items_, after, {{"name", "title"}});
      native_.rewrite(items_, {{"1", "one"}});
    });
  });
  ASSERT_TRUE(catches_up());
  ASSERT_TRUE(eventually(30s, [&] { return count("app.names") == 1; })) << status().reason;
  EXPECT_TRUE(holds_what_the_source_has(items_));
}

/// The stream tells a new name with the next row, the catalog later still: a snapshot may stand between.
class ColumnsExchangeNames : public CopiedContent {
 protected:
  ColumnsExchangeNames() {
    before_ = native_.table("pair", {{"id", "integer"}, {"a", "integer"}, {"b", "integer"}}, {0}, {{"1", "10", "20"}});
    change::Relation after = *before_;
    std::swap(after.columns[1].name, after.columns[2].name);
    after_ = std::make_shared<const change::Relation>(std::move(after));
  }
  /// The next snapshot shows them exchanged, the queue behind it tells so.
  void exchange() {
    native_.redefine_untold(before_, after_);
    native_.untold = {"app.pair"};
    native_.behind_snapshot = [this] {
      if (told_.exchange(true)) return;
      native_.transaction([this] {
        queue_.schema({.before = before_, .after = after_, .renamed_columns = {{"a", "b"}, {"b", "a"}}});
        native_.untold.clear();
      });
    };
  }

  change::RelationPtr before_;
  change::RelationPtr after_;
  std::atomic<bool> told_ = false;
};

TEST_F(ColumnsExchangeNames, D6_BetweenACopyAndItsBeingTold) {
  start_and_copy();
  native_.transaction([&] {
    exchange();
    native_.gap(before_, "rows were rewritten");
  });
  ASSERT_TRUE(eventually(30s, [&] { return told_.load(); }));
  // Snapshots stand between two commits here: each needs one behind it.
  ASSERT_TRUE(eventually(30s, [&, id = 2]() mutable {
    native_.transaction([&] { native_.insert(other_, {std::to_string(id++), "b"}); });
    return ask("SELECT state FROM pgmirror.tables WHERE table_name = 'pair'") == "live";
  }));
  ASSERT_TRUE(catches_up());
  EXPECT_TRUE(holds_what_the_source_has(after_));
  native_.transaction([&] { native_.update(after_, {"1", "10", "20"}, {"1", "11", "20"}); });
  expect_exact(after_);
}

TEST_F(ColumnsExchangeNames, D6_BetweenTheFirstCopyAndItsBeingTold) {
  exchange();
  start();
  EXPECT_TRUE(eventually(30s, [&] { return native_.snapshots > 1; })) << "the first one does not serve";
  native_.transaction([&] { native_.insert(other_, {"2", "b"}); });
  expect_exact(after_);
}

TEST_F(CopiedContent, TableThatCannotBeMadeToFitStopsAlone) {
  auto counts = native_.table("counts", {{"id", "integer"}, {"n", "integer"}}, {0}, {{"1", "10"}});
  start_and_copy();
  tell("CREATE VIEW app.ours AS SELECT n FROM app.counts");
  native_.transaction([&] {
    change::Relation after = *counts;
    after.columns[1].declared_type = "jsonb";
    counts = native_.redefine(counts, after);
    native_.rewrite(counts, {{"1", "[]"}});
  });
  native_.transaction([&] { native_.insert(other_, {"2", "b"}); });
  ASSERT_TRUE(catches_up());
  EXPECT_TRUE(eventually(
      30s, [&] { return ask("SELECT state FROM pgmirror.tables WHERE table_name = 'counts'") == "stopped"; }));
  EXPECT_TRUE(catches_up());
  EXPECT_TRUE(holds_what_the_source_has(other_));
  EXPECT_EQ(ask("SELECT n FROM app.counts"), "10") << "as it was";
}

TEST_F(CopiedContent, D1_D5_D6_ColumnsFollow) {
  start_and_copy();
  native_.transaction([&] {
    change::Relation after = *other_;
    after.columns[1].name = "title";
    after.columns.push_back({.name = "size", .declared_type = "numeric(6,2)", .family = change::TypeFamily::native});
    other_ = native_.redefine(other_, after, {{"name", "title"}});
    native_.rewrite(other_, {{"1", "a", std::nullopt}});
    native_.insert(other_, {"2", "b", "1.50"});
  });
  expect_exact(other_);
  native_.transaction([&] {
    change::Relation after = *other_;
    after.columns.erase(after.columns.begin() + 1);
    other_ = native_.redefine(other_, after);
    native_.rewrite(other_, {{"1", std::nullopt}, {"2", "1.50"}});
    native_.insert(other_, {"3", "2.00"});
  });
  expect_exact(other_);
}

TEST_F(CopiedContent, X1_TransactionOfManyPiecesIsApplied) {
  start_and_copy();
  native_.transaction([&] {
    for (int id = 2000; id < 47'000; ++id) native_.insert(items_, {std::to_string(id), "new"});
    native_.update(items_, {"2000", "new"}, {"2000", "changed"}, {});
    native_.remove(items_, {"2001", "new"});
    native_.update(items_, {"2002", "new"}, {"1999", "new"}, {1});
  });
  expect_exact(items_);
}

}  // namespace
}  // namespace pgmirror::tests
