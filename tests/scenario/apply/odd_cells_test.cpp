#include "tests/scenario/apply/applied_queue.hpp"

namespace pgmirror::tests {
namespace {

/// Values that the mirror's column cannot hold.
class OddCells : public AppliedQueue {
 protected:
  std::vector<std::string> odd() const {
    return rows(
        "SELECT key, column_name, storage_class, convert_from(raw, 'UTF8') FROM pgmirror.odd_values ORDER BY 1");
  }
};

TEST_F(OddCells, ComeChangeAndGoWithTheirRows) {
  const auto table = source_.table(numbers("t"), {{integer(1), integer(1)}, {integer(2), integer(2)}});
  start_and_copy();
  source_.transaction([&] {
    source_.insert(table, {integer(3), text("three")});
    source_.update(table, {integer(1), integer(1)}, {integer(1), text("one")});
  });
  ASSERT_TRUE(catches_up());
  EXPECT_EQ(odd(), (std::vector<std::string>{"[1]|a|text|one", "[3]|a|text|three"}));
  EXPECT_EQ(rows("SELECT id, a FROM t ORDER BY id"), (std::vector<std::string>{"1|~", "2|2", "3|~"}));

  source_.transaction([&] { source_.update(table, {integer(1), text("one")}, {integer(1), text("uno")}); });
  ASSERT_TRUE(catches_up());
  EXPECT_EQ(odd(), (std::vector<std::string>{"[1]|a|text|uno", "[3]|a|text|three"}));

  source_.transaction([&] {
    source_.update(table, {integer(1), text("uno")}, {integer(1), integer(11)});
    source_.remove(table, {integer(3), text("three")});
  });
  ASSERT_TRUE(catches_up());
  EXPECT_EQ(odd(), std::vector<std::string>{});
  EXPECT_EQ(rows("SELECT id, a FROM t ORDER BY id"), (std::vector<std::string>{"1|11", "2|2"}));
}

TEST_F(OddCells, ComeAmongManyNewRowsOfABatch) {
  change::Relation relation = numbers("t");
  relation.columns[1].not_null = true;
  const auto table = source_.table(relation);
  const auto plain = source_.table(numbers("plain"));
  start_and_copy();
  source_.transaction([&] {
    source_.insert(table, {integer(-1), integer(-1)});
    source_.insert(plain, {integer(-1), integer(-1)});
  });
  ASSERT_TRUE(catches_up());
  in_one_batch([&] {
    for (std::int64_t id = 1; id <= 2000; ++id) {
      source_.transaction([&] {
        source_.insert(plain, {integer(id), integer(id)});
        source_.insert(table, {integer(id), id == 1234 ? text("odd") : integer(id)});
      });
    }
  });
  ASSERT_TRUE(catches_up());
  EXPECT_EQ(odd(), std::vector<std::string>{"[1234]|a|text|odd"});
  EXPECT_EQ(rows("SELECT count(*), count(a), sum(id), sum(a) FROM t"),
            std::vector<std::string>{"2001|2000|2000999|1999765"});
  EXPECT_EQ(rows("SELECT count(*), sum(a) FROM plain"), std::vector<std::string>{"2001|2000999"});
  EXPECT_EQ(status().drifted_rows, 0U);
  EXPECT_EQ(status().retries, 0U) << status().reason;
}

TEST_F(OddCells, FollowARowThatGetsAnotherKey) {
  const auto table = source_.table(numbers("t"), {{integer(1), integer(1)}});
  start_and_copy();
  source_.transaction([&] { source_.update(table, {integer(1), integer(1)}, {integer(1), text("one")}); });
  source_.transaction([&] { source_.update(table, {integer(1), text("one")}, {integer(9), text("one")}); });
  ASSERT_TRUE(catches_up());
  EXPECT_EQ(odd(), std::vector<std::string>{"[9]|a|text|one"});
}

TEST_F(OddCells, AreTakenByAColumnThatWasNotNull) {
  change::Relation relation = numbers("t");
  relation.columns[1].not_null = true;
  const auto table = source_.table(relation, {{integer(1), integer(1)}});
  start_and_copy();
  ASSERT_EQ(ask("SELECT is_nullable FROM information_schema.columns WHERE table_name = 't' AND column_name = 'a'"),
            "NO");
  in_one_batch([&] {
    source_.transaction([&] { source_.insert(table, {integer(2), integer(2)}); });
    source_.transaction([&] { source_.insert(table, {integer(3), text("three")}); });
  });
  ASSERT_TRUE(catches_up());
  EXPECT_EQ(odd(), std::vector<std::string>{"[3]|a|text|three"});
  EXPECT_EQ(rows("SELECT id, a FROM t ORDER BY id"), (std::vector<std::string>{"1|1", "2|2", "3|~"}));
  EXPECT_EQ(status().retries, 0U);
}

TEST_F(OddCells, OfTablesWithNamesLongerThanTheMirrorAllowsStayApart) {
  const std::string stem(63, 'n');
  const auto first = source_.table(numbers(stem + "_first"), {{integer(1), integer(1)}});
  const auto second = source_.table(numbers(stem + "_second"), {{integer(1), integer(1)}});
  start_and_copy();
  source_.transaction([&] { source_.update(second, {integer(1), integer(1)}, {integer(1), text("odd")}); });
  source_.transaction([&] {
    source_.update(first, {integer(1), integer(1)}, {integer(1), text("first")});
    source_.update(second, {integer(1), text("odd")}, {integer(1), integer(2)});
    source_.insert(second, {integer(2), integer(3)});
  });
  ASSERT_TRUE(catches_up());
  EXPECT_EQ(odd(), std::vector<std::string>{"[1]|a|text|first"});
  EXPECT_EQ(count("pg_catalog.pg_tables WHERE tablename LIKE 'nnn%'"), 2);
}

}  // namespace
}  // namespace pgmirror::tests
