#include "tests/scenario/apply/applied_queue.hpp"

namespace pgmirror::tests {
namespace {

change::Relation seats() {
  change::Relation relation = table_with_id("seat", {column("place", "TEXT", TypeFamily::text)});
  relation.indexes = {{.name = "seat_place", .unique = true, .columns = {"place"}, .definition = "UNIQUE (place)"}};
  return relation;
}

Row seat(std::int64_t id, const std::string& place) { return {integer(id), text(place)}; }

/// Values under a unique index change hands; what the source accepted the mirror must take at the first try.
class UniqueValues : public AppliedQueue {
 protected:
  UniqueValues() { seat_ = source_.table(seats(), {seat(1, "a"), seat(2, "b"), seat(3, "c")}); }

  void move(std::int64_t id, const std::string& from, const std::string& to) {
    source_.update(seat_, seat(id, from), seat(id, to));
  }
  void expect_at_first_try(const std::vector<std::string>& wanted) {
    ASSERT_TRUE(catches_up());
    EXPECT_EQ(rows("SELECT id, place FROM seat ORDER BY id"), wanted);
    EXPECT_EQ(status().retries, 0U) << status().reason;
    EXPECT_EQ(status().drifted_rows, 0U);
  }

  change::RelationPtr seat_;
};

TEST_F(UniqueValues, TwoRowsSwap) {
  start_and_copy();
  source_.transaction([&] {
    move(1, "a", "x");
    move(2, "b", "a");
    move(1, "x", "b");
  });
  expect_at_first_try({"1|b", "2|a", "3|c"});
}

TEST_F(UniqueValues, ThreeRowsRotateAcrossTransactionsOfOneBatch) {
  start_and_copy();
  in_one_batch([&] {
    source_.transaction([&] { move(1, "a", "x"); });
    source_.transaction([&] { move(3, "c", "a"); });
    source_.transaction([&] { move(2, "b", "c"); });
    source_.transaction([&] { move(1, "x", "b"); });
  });
  expect_at_first_try({"1|b", "2|c", "3|a"});
}

TEST_F(UniqueValues, ValueGoesFromADeletedRowToAChangedAndANewOne) {
  start_and_copy();
  in_one_batch([&] {
    source_.transaction([&] { source_.remove(seat_, seat(1, "a")); });
    source_.transaction([&] { move(2, "b", "a"); });
    source_.transaction([&] { source_.insert(seat_, seat(4, "b")); });
  });
  expect_at_first_try({"2|a", "3|c", "4|b"});
}

TEST_F(UniqueValues, KeysAreSwapped) {
  start_and_copy();
  source_.transaction([&] {
    source_.update(seat_, seat(1, "a"), seat(9, "a"));
    source_.update(seat_, seat(2, "b"), seat(1, "b"));
    source_.update(seat_, seat(9, "a"), seat(2, "a"));
  });
  expect_at_first_try({"1|b", "2|a", "3|c"});
}

TEST_F(UniqueValues, NullsAndEqualValuesOfOneRowAreNoConflict) {
  start_and_copy();
  source_.transaction([&] {
    source_.update(seat_, seat(1, "a"), {integer(1), nothing()});
    source_.update(seat_, seat(2, "b"), {integer(2), nothing()});
    move(3, "c", "c");
    source_.insert(seat_, seat(4, "a"));
  });
  expect_at_first_try({"1|~", "2|~", "3|c", "4|a"});
}

}  // namespace
}  // namespace pgmirror::tests
