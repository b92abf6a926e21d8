#include <fmt/format.h>

#include "tests/scenario/apply/applied_queue.hpp"
#include "tests/support/process_memory.hpp"
#include "tests/support/tcp_proxy.hpp"

namespace pgmirror::tests {
namespace {

class InOrder : public AppliedQueue {};

TEST_F(InOrder, BatchesInFlightCommitAsTheSourceDid) {
  TcpProxy far_away(database_);
  mirror_.connection = far_away.settings();
  const auto counter = source_.table(numbers("counter"), {{integer(1), integer(0)}});
  start_and_copy();
  far_away.delay_each_way(25ms);
  std::jthread writer([&](const std::stop_token& stop) {
    for (std::int64_t number = 1; number <= 400 && !stop.stop_requested(); ++number) {
      source_.transaction([&] {
        write_ledger(number);
        source_.update(counter, {integer(1), integer(number - 1)}, {integer(1), integer(number)});
      });
      let_time_pass(2ms);
    }
  });
  std::int64_t last = 0;
  std::int64_t states = 0;
  while (last < 400) {
    const auto seen = rows(
        "SELECT a, (SELECT count(*) FROM ledger), (SELECT coalesce(max(number), 0) FROM ledger) "
        "FROM counter");
    const std::int64_t now = std::stoll(seen.front());
    ASSERT_EQ(seen.front(), fmt::format("{0}|{0}|{0}", now));
    ASSERT_GE(now, last) << "the mirror went back";
    states += now > last ? 1 : 0;
    last = now;
    let_time_pass(5ms);
    ASSERT_NE(status().state, MirrorState::failed) << status().reason;
  }
  EXPECT_GT(states, 5) << "several batches, or this shows nothing";
  ASSERT_TRUE(catches_up());
  EXPECT_EQ(status().drifted_rows, 0U);
  EXPECT_EQ(status().retries, 0U);
}

TEST_F(InOrder, TransactionOfManyRowsIsAppliedWholeInLittleMemory) {
  const auto wide = source_.table(table_with_id("wide", {column("body", "TEXT", TypeFamily::text)}));
  start_and_copy();
  constexpr std::int64_t count = 300'000;
  const std::string body(400, 'x');
  forget_peak_memory();
  const std::int64_t before = peak_memory();
  source_.transaction([&] {
    for (std::int64_t id = 1; id <= count; ++id) source_.insert_unseen(wide, {integer(id), text(body)});
    write_ledger(1);
  });
  std::int64_t seen = 0;
  ASSERT_TRUE(eventually(180s, [&] {
    seen = this->count("wide");
    EXPECT_TRUE(seen == 0 || seen == count) << "half of a transaction: " << seen;
    return seen == count;
  })) << status().reason;
  EXPECT_TRUE(catches_up());
  EXPECT_TRUE(ledger_holds_each_once(1));
  // Its cells alone are 115 MiB.
  EXPECT_LT(peak_memory() - before, 90);
}

TEST_F(InOrder, TruncationTakesTheRowsOfBeforeAndLeavesThoseOfAfter) {
  const auto table = source_.table(numbers("t"), {{integer(1), integer(1)}});
  start_and_copy();
  source_.transaction([&] { source_.insert(table, {integer(2), text("odd")}); });
  ASSERT_TRUE(catches_up());
  ASSERT_EQ(count("pgmirror.odd_values"), 1);
  in_one_batch([&] {
    source_.transaction([&] { source_.insert(table, {integer(3), integer(3)}); });
    source_.transaction([&] {
      source_.truncate(table);
      source_.insert(table, {integer(1), integer(10)});
    });
    source_.transaction([&] { source_.insert(table, {integer(4), integer(4)}); });
  });
  ASSERT_TRUE(catches_up());
  EXPECT_EQ(rows("SELECT id, a FROM t ORDER BY id"), (std::vector<std::string>{"1|10", "4|4"}));
  EXPECT_EQ(count("pgmirror.odd_values"), 0);
  EXPECT_EQ(status().drifted_rows, 0U);
}

TEST_F(InOrder, DefinitionAndRowsOfOneTransactionArriveTogether) {
  auto table = source_.table(numbers("t"), {{integer(1), integer(1)}});
  start_and_copy();
  in_one_batch([&] {
    source_.transaction([&] { source_.insert(table, {integer(2), integer(2)}); });
    source_.transaction([&] {
      source_.insert(table, {integer(3), integer(3)});
      change::Relation wider = *table;
      wider.columns.push_back(column("b", "TEXT", TypeFamily::text));
      table = source_.redefine(table, wider, nothing());
      source_.insert(table, {integer(4), integer(4), text("new")});
      source_.update(table, {integer(1), integer(1), nothing()}, {integer(1), integer(1), text("filled")});
    });
    source_.transaction([&] { source_.insert(table, {integer(5), integer(5), text("after")}); });
  });
  ASSERT_TRUE(catches_up());
  EXPECT_EQ(rows("SELECT id, a, b FROM t ORDER BY id"),
            (std::vector<std::string>{"1|1|filled", "2|2|~", "3|3|~", "4|4|new", "5|5|after"}));
  EXPECT_EQ(status().drifted_rows, 0U);
}

TEST_F(InOrder, RowsThatSomebodyTookOrLeftInTheMirrorAreCountedNotFatal) {
  const auto table = source_.table(numbers("t"), {{integer(1), integer(1)}, {integer(2), integer(2)}});
  start_and_copy();
  tell("DELETE FROM t WHERE id = 1");
  source_.transaction([&] { source_.update(table, {integer(1), integer(1)}, {integer(1), integer(10)}); });
  ASSERT_TRUE(catches_up());
  EXPECT_EQ(status().drifted_rows, 1U);
  tell("INSERT INTO t VALUES (3, 33)");
  source_.transaction([&] { source_.insert(table, {integer(3), integer(3)}); });
  ASSERT_TRUE(catches_up());
  EXPECT_EQ(status().drifted_rows, 2U);
  source_.transaction([&] { source_.insert(table, {integer(4), integer(4)}); });
  ASSERT_TRUE(catches_up());
  EXPECT_EQ(rows("SELECT id, a FROM t ORDER BY id"), (std::vector<std::string>{"2|2", "3|3", "4|4"}));
}

}  // namespace
}  // namespace pgmirror::tests
