#include <fmt/format.h>

#include "libpq/database_transaction.hpp"
#include "tests/scenario/native_apply/native_apply.hpp"

namespace pgmirror::tests {
namespace {

constexpr int lines_of_batch = 20'000;  ///< BatchLimits: a first batch with so many is full
constexpr int lines_of_transaction = 4'000;
/// BatchGrowth: the largest of so many full batches is full, upon which a second connection is opened.
constexpr int changes_far_behind = (1 + 2 + 4 + 8) * lines_of_batch;

/// A table without a key, filled by batches that two connections apply.
class KeylessBeside : public NativeApply {
 protected:
  void SetUp() override {
    start_and_copy();
    // What the worker has not met before ends a batch.
    native_.transaction([&] {
      native_.update(first_, {"1", "-1"}, {"1", "0"});
      native_.insert(lines_, {"a line"});
    });
    ASSERT_TRUE(catches_up());
    fall_far_behind("0");
  }
  /// `state`: of the row of `first`.
  void fall_far_behind(const std::string& state) {
    in_one_batch([&] {
      for (int done = 0; done <= changes_far_behind; done += lines_of_transaction) {
        native_.transaction([&] {
          for (int row = 0; row < lines_of_transaction; ++row) native_.update(first_, {"1", state}, {"1", state});
        });
      }
    });
    ASSERT_TRUE(catches_up());
  }
  void write_lines(const std::string& text, int count) {
    for (int done = 0; done < count; done += lines_of_transaction) {
      native_.transaction([&] {
        for (int line = done; line < done + lines_of_transaction; ++line)
          native_.insert(lines_, {fmt::format("{} {}", text, line)});
      });
    }
  }
  std::size_t worker_sessions(const std::string& condition) const {
    return rows(
               "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE"
               " 'pgmirror worker%' AND " +
               condition)
        .size();
  }
  /// The second one's rows, while the first one waits for a lock.
  bool two_batches_are_there() const {
    return eventually(30s, [&] {
      return worker_sessions("wait_event_type = 'Lock'") == 1 &&
             worker_sessions("xact_start IS NOT NULL AND wait_event = 'ClientRead'") == 1;
    });
  }

  change::RelationPtr first_ = native_.table("first", {{"id", "integer"}, {"a", "integer"}}, {0}, {{"1", "-1"}});
  change::RelationPtr lines_ = native_.table("lines", {{"line", "text"}}, {}, {}, change::ReplicaIdentity::full);
  change::RelationPtr given_up_ = native_.table("given_up", {{"id", "integer"}, {"text", "text"}}, {0}, {{"1", "old"}},
                                                change::ReplicaIdentity::full);
};

TEST_F(KeylessBeside, RowsThatComeAreWrittenAtOnceAndSeenInTheSourcesOrder) {
  libpq::Connection people = administer();
  libpq::DatabaseTransaction holding(people);
  people.execute("LOCK TABLE app.first IN SHARE MODE");
  in_one_batch([&] {
    native_.transaction([&] { native_.update(first_, {"1", "0"}, {"1", "1"}); });
    write_lines("early", lines_of_batch);
    write_lines("late", 2 * lines_of_batch);
  });
  EXPECT_TRUE(two_batches_are_there()) << "nothing was written beside the first batch, which waits";
  EXPECT_EQ(ask("SELECT count(*) FROM app.lines"), "1") << "a later batch is seen before the one that waits";
  holding.commit();
  expect_exact(lines_);
}

/// The mirror lets its key be NULL, so that it serves as none: the index over it still refuses what comes too early.
TEST_F(KeylessBeside, RowsOfAKeyThatIsGivenUpTakeTheirTurns) {
  stop();
  tell(
      "ALTER TABLE app.given_up DROP CONSTRAINT given_up_pkey, ALTER id DROP NOT NULL;"
      "CREATE UNIQUE INDEX ON app.given_up (id)");
  start();
  native_.transaction([&] {
    native_.update(first_, {"1", "0"}, {"1", "1"});
    native_.insert(lines_, {"another line"});
    native_.insert(given_up_, {"2", "met"});
  });
  ASSERT_TRUE(catches_up());
  fall_far_behind("1");
  libpq::Connection people = administer();
  libpq::DatabaseTransaction holding(people);
  people.execute("LOCK TABLE app.first IN SHARE MODE");
  in_one_batch([&] {
    native_.transaction([&] { native_.update(first_, {"1", "1"}, {"1", "2"}); });
    native_.transaction([&] { native_.remove(given_up_, {"1", "old"}); });
    write_lines("early", lines_of_batch);
    native_.transaction([&] { native_.insert(given_up_, {"1", "new"}); });
    write_lines("late", 2 * lines_of_batch);
  });
  EXPECT_TRUE(two_batches_are_there());
  holding.commit();
  expect_exact(given_up_);
  expect_exact(lines_);
}

TEST_F(KeylessBeside, ContentIsExactWhereRowsComeAndGo) {
  constexpr int rounds = 12;
  in_one_batch([&] {
    for (int round = 0; round < rounds; ++round) {
      write_lines(std::to_string(round), 2 * lines_of_transaction);
      if (round == 0) continue;
      native_.transaction([&] {
        for (int line = 0; line < lines_of_transaction; ++line)
          native_.remove(lines_, {fmt::format("{} {}", round - 1, line)});
      });
    }
  });
  expect_exact(lines_);
}

}  // namespace
}  // namespace pgmirror::tests
