#include <fmt/format.h>

#include <future>

#include "libpq/database_error.hpp"
#include "tests/scenario/apply/applied_queue.hpp"

namespace pgmirror::tests {
namespace {

/// What servers do to those who write into them.
class Interruptions : public AppliedQueue {
 protected:
  Interruptions() { table_ = source_.table(numbers("t"), {{integer(1), integer(0)}, {integer(2), integer(0)}}); }

  /// Both rows and the ledger, in one transaction.
  void change(std::int64_t number) {
    source_.transaction([&] {
      for (const std::int64_t id : {1, 2})
        source_.update(table_, {integer(id), integer(number - 1)}, {integer(id), integer(number)});
      write_ledger(number);
    });
  }
  void expect_whole(std::int64_t number) {
    EXPECT_TRUE(catches_up());
    EXPECT_EQ(rows("SELECT a FROM t"), (std::vector<std::string>(2, std::to_string(number))));
    EXPECT_TRUE(ledger_holds_each_once(number));
    EXPECT_EQ(status().drifted_rows, 0U);
  }
  void in_database(const std::string& setting) {
    tell(fmt::format("ALTER DATABASE {} {}", database_.database, setting));
  }
  void end_sessions() {
    administer().execute(fmt::format(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}' AND pid <> pg_backend_pid()",
        database_.database));
  }

  change::RelationPtr table_;
};

TEST_F(Interruptions, ServerThatRestartsIsWaitedFor) {
  start_and_copy();
  for (std::int64_t number = 1; number <= 3; ++number) {
    change(number);
    shared_postgres().stop();
    EXPECT_TRUE(eventually(30s, [&] { return status().state == MirrorState::waiting; }));
    shared_postgres().start();
    worker_->orders().resume();
    expect_whole(number);
  }
}

TEST_F(Interruptions, SessionsThatAreEndedAreOpenedAgain) {
  start_and_copy();
  for (std::int64_t number = 1; number <= 10; ++number) {
    change(number);
    end_sessions();
  }
  expect_whole(10);
}

TEST_F(Interruptions, ReadOnlyMirrorIsWaitedFor) {
  start_and_copy();
  in_database("SET default_transaction_read_only = on");
  end_sessions();
  change(1);
  EXPECT_TRUE(says(MirrorState::waiting, "read-only"));
  EXPECT_TRUE(ledger_holds_each_once(0));
  tell(fmt::format("BEGIN READ WRITE; ALTER DATABASE {} RESET default_transaction_read_only; COMMIT",
                   database_.database));
  worker_->orders().resume();
  expect_whole(1);
}

TEST_F(Interruptions, DeadlockWithAnotherSessionIsSettledAndTriedAgain) {
  in_database("SET deadlock_timeout = '100ms'");
  start_and_copy();
  auto other = administer();
  other.execute("BEGIN READ WRITE; UPDATE t SET a = a WHERE id = 2");
  change(1);
  const std::string waiting = "pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
  ASSERT_TRUE(eventually(30s, [&] { return count(waiting) == 1; }));
  auto loser = std::async(std::launch::async, [&] {
    try {
      other.execute("UPDATE t SET a = a WHERE id = 1");
      other.execute("ROLLBACK");
    } catch (const libpq::DatabaseError& error) {
      EXPECT_EQ(error.sqlstate(), "40P01");
      other.execute("ROLLBACK");
    }
  });
  loser.get();
  expect_whole(1);
}

TEST_F(Interruptions, LockThatSomebodyHoldsIsWaitedFor) {
  in_database("SET lock_timeout = '200ms'");
  start_and_copy();
  auto other = administer();
  other.execute("BEGIN READ WRITE; LOCK TABLE t");
  change(1);
  EXPECT_TRUE(says(MirrorState::waiting, "somebody holds a lock"));
  other.execute("ROLLBACK");
  expect_whole(1);
  EXPECT_EQ(count("pgmirror.parked"), 0);
}

}  // namespace
}  // namespace pgmirror::tests
