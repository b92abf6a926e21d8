#include <fmt/format.h>

#include "tests/scenario/native_apply/native_apply.hpp"

namespace pgmirror::tests {
namespace {

/// So many rows, of 600 bytes each, are twice what is waited for before the mirror is given any.
constexpr int half = 28'000;

/// A transaction that the mirror is given while the source still sends it.
class EarlyApply : public NativeApply {
 protected:
  EarlyApply() {
    items_ = native_.table("item", {{"id", "bigint"}, {"code", "integer"}, {"note", "text"}}, {0},
                           {row(-1, -1), row(-2, -2)});
    other_ = native_.table("other", {{"id", "bigint"}, {"note", "text"}}, {0}, {});
  }

  static Printed row(int id, int code) {
    return {std::to_string(id), std::to_string(code), fmt::format("{:0600}", id * 7919)};
  }
  void insert(int first) {
    for (int id = first; id < first + half; ++id) native_.insert(items_, row(id, id));
  }
  /// Whether the mirror has been given rows of a transaction that nobody sees yet.
  testing::AssertionResult gets_rows() const {
    return eventually(60s, [&] {
      return ask("SELECT pg_relation_size('app.item') > 4000000 AND EXISTS (SELECT FROM pg_locks WHERE relation ="
                 " 'app.item'::regclass AND mode = 'RowExclusiveLock')") == "t"
                 ? testing::AssertionSuccess()
                 : testing::AssertionFailure() << "no rows under way: " << status().reason;
    });
  }
  testing::AssertionResult has_let_go() const {
    return eventually(60s, [&] {
      return count("pg_locks WHERE relation = 'app.item'::regclass AND mode = 'RowExclusiveLock'") == 0
                 ? testing::AssertionSuccess()
                 : testing::AssertionFailure() << "rows are still under way";
    });
  }
  /// The transaction is written by the test in two halves; `between` happens while the mirror works on the first.
  void in_halves(const std::function<void()>& between) {
    native_.transaction([&] {
      insert(1);
      ASSERT_TRUE(gets_rows());
      between();
      insert(1 + half);
    });
  }

  change::RelationPtr items_;
  change::RelationPtr other_;
};

TEST_F(EarlyApply, IsSeenAtItsCommitOnly) {
  start_and_copy();
  in_halves([&] { EXPECT_EQ(count("app.item"), 2); });
  native_.transaction([&] { native_.insert(other_, {"1", "behind it"}); });
  expect_exact(items_);
  expect_exact(other_);
  EXPECT_EQ(status().changes, 2U * half + 1);
}

TEST_F(EarlyApply, ChangesRowsInEveryWay) {
  start_and_copy();
  native_.transaction([&] { insert(1); });
  ASSERT_TRUE(catches_up());
  native_.transaction([&] {
    for (int id = 1; id <= half; ++id) {
      if (id % 5 == 0) {
        native_.remove(items_, row(id, id));
      } else if (id % 5 == 1) {
        native_.update(items_, row(id, id), {row(id, id)[0], "7", row(id, id)[2]}, {2});
      } else {
        native_.update(items_, row(id, id), row(id, -id));
      }
    }
    insert(2 * half);
    native_.insert(other_, {"1", "within"});
    native_.sequence({.schema = "app", .name = "nothing_stands_there", .value = 5});
  });
  expect_exact(items_);
  expect_exact(other_);
}

TEST_F(EarlyApply, NothingStaysOfOneThatTheSourceTakesBack) {
  start_and_copy();
  native_.lost_transaction([&] {
    insert(1);
    ASSERT_TRUE(gets_rows());
  });
  EXPECT_TRUE(has_let_go());
  EXPECT_EQ(count("app.item"), 2);
  // It comes again, a little different.
  native_.transaction([&] {
    insert(1);
    native_.remove(items_, row(-1, -1));
  });
  expect_exact(items_);
}

TEST_F(EarlyApply, ThatHoldsMoreThanRowsIsAppliedWhenAllOfItIsThere) {
  start_and_copy();
  native_.transaction([&] {
    insert(1);
    ASSERT_TRUE(gets_rows());
    native_.truncate({items_});
    insert(1 + half);
    EXPECT_TRUE(has_let_go());
  });
  expect_exact(items_);
  EXPECT_EQ(count("app.item"), half);
}

TEST_F(EarlyApply, RowThatStandsThereAlreadyIsReplaced) {
  start_and_copy();
  tell(fmt::format("INSERT INTO app.item VALUES ({}, 0, 'somebody else')", half / 2));
  native_.transaction([&] { insert(1); });
  ASSERT_TRUE(catches_up());
  EXPECT_TRUE(holds_what_the_source_has(items_));
  EXPECT_EQ(status().retries, 0U) << status().reason;
}

TEST_F(EarlyApply, RowThatIsGoneIsCountedOnce) {
  start_and_copy();
  tell("DELETE FROM app.item WHERE id = -1");
  in_halves([&] { native_.remove(items_, row(-1, -1)); });
  ASSERT_TRUE(catches_up());
  EXPECT_TRUE(holds_what_the_source_has(items_));
  EXPECT_EQ(status().drifted_rows, 1U);
}

TEST_F(EarlyApply, EndsAtOnceWhenTheAgentDoes) {
  start_and_copy();
  in_halves([&] {
    const auto asked = std::chrono::steady_clock::now();
    stop();
    EXPECT_LT(std::chrono::steady_clock::now() - asked, 30s) << "it does not wait for the source";
    EXPECT_EQ(count("app.item"), 2);
  });
  start();
  expect_exact(items_);
}

TEST_F(EarlyApply, LetsGoWhenTheMirrorIsPaused) {
  start_and_copy();
  in_halves([&] {
    worker_->orders().pause();
    EXPECT_TRUE(has_let_go());
    worker_->orders().resume();
  });
  expect_exact(items_);
}

TEST_F(EarlyApply, BeginsAgainOnAnotherConnection) {
  start_and_copy();
  in_halves([&] {
    tell("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE relation = 'app.item'::regclass");
    EXPECT_TRUE(eventually(60s, [&] { return status().retries > 0; }));
    EXPECT_TRUE(gets_rows());
  });
  ASSERT_TRUE(catches_up());
  EXPECT_TRUE(holds_what_the_source_has(items_));
  EXPECT_EQ(status().drifted_rows, 0U);
}

TEST_F(EarlyApply, ServerThatEndsIdleTransactionsDoesNotEndIt) {
  start_and_copy();
  stop();
  tell(fmt::format("ALTER DATABASE \"{}\" SET idle_in_transaction_session_timeout = '300ms'", database_.database));
  start();
  in_halves([&] { let_time_pass(1500ms); });
  expect_exact(items_);
}

}  // namespace
}  // namespace pgmirror::tests
