#include <algorithm>
#include <random>

#include "tests/scenario/native_apply/native_apply.hpp"

namespace pgmirror::tests {
namespace {

using change::ReplicaIdentity;

/// `id` the key, `small` that changes, `big` that the source does not send while it stays.
class RowIdentity : public NativeApply {
 protected:
  RowIdentity() {
    documents_ = native_.table("document", {{"id", "integer"}, {"small", "text"}, {"big", "text"}}, {0},
                               {{"1", "a", big('A')}, {"2", "b", big('B')}, {"3", "c", big('C')}});
  }

  static std::string big(char letter) { return std::string(3000, letter); }
  static constexpr std::size_t big_column = 2;

  change::RelationPtr documents_;
};

TEST_F(RowIdentity, T24_UnsentCellStays) {
  start_and_copy();
  native_.transaction([&] { native_.update(documents_, {"1", "a", big('A')}, {"1", "x", big('A')}, {big_column}); });
  expect_exact(documents_);
}

TEST_F(RowIdentity, T25_UnsentCellGoesWithItsRowToAnotherKey) {
  start_and_copy();
  native_.transaction([&] { native_.update(documents_, {"1", "a", big('A')}, {"9", "a", big('A')}, {big_column}); });
  expect_exact(documents_);
}

TEST_F(RowIdentity, T25_RowThatIsGoneIsCountedAndNotMadeUp) {
  start_and_copy();
  tell("DELETE FROM app.document WHERE id IN (1, 2)");
  native_.transaction([&] {
    native_.update(documents_, {"1", "a", big('A')}, {"9", "a", big('A')}, {big_column});
    native_.update(documents_, {"2", "b", big('B')}, {"2", "y", big('B')}, {big_column});
  });
  ASSERT_TRUE(catches_up());
  EXPECT_EQ(status().drifted_rows, 2U);
  EXPECT_EQ(rows("SELECT id, length(big) FROM app.document"), std::vector<std::string>{"3|3000"});
}

TEST_F(RowIdentity, T26_RowOfTheSameBatchIsCompletedFromIt) {
  start_and_copy();
  in_one_batch([&] {
    native_.transaction([&] { native_.insert(documents_, {"4", "d", big('D')}); });
    native_.transaction([&] { native_.update(documents_, {"4", "d", big('D')}, {"4", "e", big('D')}, {big_column}); });
    native_.transaction([&] { native_.update(documents_, {"4", "e", big('D')}, {"5", "e", big('D')}, {big_column}); });
  });
  expect_exact(documents_);
}

TEST_F(RowIdentity, K11_KeysSwapThroughAThird) {
  start_and_copy();
  native_.transaction([&] {
    native_.update(documents_, {"1", "a", big('A')}, {"0", "a", big('A')}, {big_column});
    native_.update(documents_, {"2", "b", big('B')}, {"1", "b", big('B')}, {big_column});
    native_.update(documents_, {"0", "a", big('A')}, {"2", "a", big('A')}, {big_column});
  });
  expect_exact(documents_);
}

TEST_F(RowIdentity, K10_ChainOfKeysMovesUp) {
  start_and_copy();
  native_.transaction([&] {
    for (int id = 3; id >= 1; --id) {
      const Printed row{std::to_string(id), std::string(1, static_cast<char>('a' + id - 1)),
                        big(static_cast<char>('A' + id - 1))};
      native_.update(documents_, row, {std::to_string(id + 1), row[1], row[2]}, {big_column});
    }
  });
  expect_exact(documents_);
}

TEST_F(RowIdentity, K13_KeyIsTakenByAMovedRowAfterADelete) {
  start_and_copy();
  in_one_batch([&] {
    native_.transaction([&] { native_.remove(documents_, {"2", "b", big('B')}); });
    native_.transaction([&] { native_.update(documents_, {"1", "a", big('A')}, {"2", "a", big('A')}, {big_column}); });
    native_.transaction([&] { native_.insert(documents_, {"1", "new", big('N')}); });
  });
  expect_exact(documents_);
}

TEST_F(RowIdentity, K17_ColumnOfTheMirrorAloneSurvivesASwap) {
  start_and_copy();
  stop();
  tell("ALTER TABLE app.document ADD COLUMN note text; UPDATE app.document SET note = 'of ' || small");
  native_.transaction([&] {
    native_.update(documents_, {"1", "a", big('A')}, {"0", "a", big('A')}, {big_column});
    native_.update(documents_, {"2", "b", big('B')}, {"1", "b", big('B')}, {big_column});
    native_.update(documents_, {"0", "a", big('A')}, {"2", "a", big('A')}, {big_column});
  });
  start();
  expect_exact(documents_);
  EXPECT_EQ(rows("SELECT id, note FROM app.document ORDER BY id"),
            (std::vector<std::string>{"1|of b", "2|of a", "3|of c"}));
}

TEST_F(RowIdentity, K12_UniqueValuesSwapBetweenRowsThatAreNotKnownWhole) {
  native_.script({.stage = change::SchemaStatement::Stage::after_data,
                  .kind = "index",
                  .schema = "app",
                  .name = "document.document_small",
                  .sql = "CREATE UNIQUE INDEX document_small ON app.document (small)"});
  start_and_copy();
  native_.transaction([&] {
    native_.update(documents_, {"1", "a", big('A')}, {"1", "tmp", big('A')}, {big_column});
    native_.update(documents_, {"2", "b", big('B')}, {"2", "a", big('B')}, {big_column});
    native_.update(documents_, {"1", "tmp", big('A')}, {"1", "b", big('A')}, {big_column});
  });
  ASSERT_TRUE(catches_up());
  EXPECT_TRUE(holds_what_the_source_has(documents_));
  EXPECT_EQ(status().drifted_rows, 0U);
}

TEST_F(RowIdentity, AnySequenceOfChangesInOneBatchEndsAsTheSourceDoes) {
  start_and_copy();
  std::mt19937 chance(20261120);
  const auto below = [&](std::uint32_t limit) { return static_cast<std::uint32_t>(chance() % limit); };
  for (int round = 0; round < 60; ++round) {
    in_one_batch([&] {
      for (std::uint32_t transactions = 1 + below(4); transactions > 0; --transactions) {
        native_.transaction([&] {
          for (std::uint32_t step = below(8); step > 0; --step) {
            const std::string id = std::to_string(below(6));
            const auto standing = native_.rows_now(documents_);
            const auto with = [&](const std::string& key) {
              return std::ranges::find_if(standing, [&](const Printed& row) { return row[0] == key; });
            };
            const auto row = with(id);
            const std::string small = std::to_string(below(1000));
            if (row == standing.end()) {
              native_.insert(documents_, {id, small, big(static_cast<char>('a' + below(26)))});
              continue;
            }
            const bool unsent = below(4) != 0;
            const std::string other = std::to_string(below(6));
            switch (below(4)) {
              case 0:
                native_.remove(documents_, *row);
                break;
              case 1:
              case 2:
                if (with(other) != standing.end()) break;
                native_.update(documents_, *row, {other, small, (*row)[2]},
                               unsent ? std::set{big_column} : std::set<std::size_t>{});
                break;
              default:
                native_.update(documents_, *row, {id, small, (*row)[2]},
                               unsent ? std::set{big_column} : std::set<std::size_t>{});
            }
          }
        });
      }
    });
    ASSERT_TRUE(catches_up());
    ASSERT_TRUE(holds_what_the_source_has(documents_)) << "round " << round;
    ASSERT_EQ(status().drifted_rows, 0U) << "round " << round;
    ASSERT_EQ(status().retries, 0U) << status().reason;
  }
}

/// Rows that nothing but their content tells apart.
class WithoutKey : public NativeApply {
 protected:
  change::RelationPtr events(std::vector<Printed> rows) {
    return native_.table("event",
                         {{"kind", "text"}, {"detail", "json"}, {"place", "point"}, {"amount", "double precision"}}, {},
                         std::move(rows), ReplicaIdentity::full);
  }
};

TEST_F(WithoutKey, K2_OneOfTwoEqualRowsGoesAndOneChanges) {
  const Printed row{"a", R"({"x": 1})", "(1,2)", "0.5"};
  const auto table = events({row, row, row, {"b", std::nullopt, std::nullopt, std::nullopt}});
  start_and_copy();
  native_.transaction([&] { native_.remove(table, row); });
  native_.transaction([&] { native_.update(table, row, {"c", R"({"x": 1})", "(1,2)", "0.5"}); });
  expect_exact(table);
  EXPECT_EQ(count("app.event"), 3);
}

TEST_F(WithoutKey, K3_K5_ValuesWithoutAnEqualityAreFoundAsTheyArePrinted) {
  const Printed spaced{"a", R"({"x":  1})", "(1,2)", "NaN"};
  const Printed plain{"a", R"({"x": 1})", "(1,2)", "-0"};
  const Printed empty{std::nullopt, std::nullopt, std::nullopt, std::nullopt};
  const Printed blank{"", std::nullopt, std::nullopt, "0"};
  const auto table = events({spaced, plain, empty, blank});
  start_and_copy();
  native_.transaction([&] {
    native_.remove(table, plain);
    native_.remove(table, empty);
    native_.update(table, spaced, {"a", R"({"x":  1})", "(1,3)", "NaN"});
  });
  expect_exact(table);
  EXPECT_EQ(count("app.event"), 2);
}

TEST_F(WithoutKey, K4_UpdateThatChangesNothingLeavesTheRowToBeDeleted) {
  const Printed row{"a", "1", "(1,2)", "1"};
  const auto table = events({row});
  start_and_copy();
  native_.transaction([&] { native_.update(table, row, row); });
  native_.transaction([&] { native_.remove(table, row); });
  expect_exact(table);
  EXPECT_EQ(count("app.event"), 0);
}

TEST_F(WithoutKey, RowThatIsGoneIsCounted) {
  const Printed row{"a", "1", "(1,2)", "1"};
  const auto table = events({row, row});
  start_and_copy();
  tell("DELETE FROM app.event");
  native_.transaction([&] { native_.remove(table, row); });
  ASSERT_TRUE(catches_up());
  EXPECT_EQ(status().drifted_rows, 1U);
}

TEST_F(WithoutKey, K2_ManyChangesOfFewRowsEndAsTheSourceDoes) {
  const auto table = events({});
  start_and_copy();
  std::mt19937 chance(7);
  const auto below = [&](std::uint32_t limit) { return static_cast<std::uint32_t>(chance() % limit); };
  for (int round = 0; round < 20; ++round) {
    in_one_batch([&] {
      for (int transactions = 0; transactions < 3; ++transactions) {
        native_.transaction([&] {
          for (int step = 0; step < 6; ++step) {
            const auto standing = native_.rows_now(table);
            const Printed fresh{std::string(1, static_cast<char>('a' + below(2))), std::to_string(below(2)),
                                std::nullopt, std::nullopt};
            if (standing.size() < 3 || below(3) == 0) {
              native_.insert(table, fresh);
              continue;
            }
            const Printed& row = standing[below(static_cast<std::uint32_t>(standing.size()))];
            if (below(2) == 0) {
              native_.remove(table, row);
            } else {
              native_.update(table, row, fresh);
            }
          }
        });
      }
    });
    ASSERT_TRUE(catches_up());
    ASSERT_TRUE(holds_what_the_source_has(table)) << "round " << round;
    ASSERT_EQ(status().drifted_rows, 0U);
  }
}

TEST_F(WithoutKey, K1_TableThatOnlyGrowsIsFollowed) {
  const auto table = native_.table("log", {{"line", "text"}}, {}, {{"one"}}, ReplicaIdentity::nothing);
  start_and_copy();
  native_.transaction([&] {
    native_.insert(table, {"two"});
    native_.insert(table, {"two"});
  });
  expect_exact(table);
}

}  // namespace
}  // namespace pgmirror::tests
