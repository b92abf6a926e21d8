#include "sinks/postgres/parked_changes.hpp"
#include "tests/scenario/apply/applied_queue.hpp"

namespace pgmirror::tests {
namespace {

/// A rule of its own that somebody gave a mirrored table, and rows that break it between rows that do not.
class RefusedChanges : public AppliedQueue {
 protected:
  RefusedChanges() { strict_ = source_.table(numbers("strict"), {{integer(1), integer(1)}}); }

  void follow_under(config::PoisonRule rule) {
    mirror_.on_poison = rule;
    start_and_copy();
    tell("ALTER TABLE strict ADD CONSTRAINT small CHECK (a < 100)");
    in_one_batch([&] {
      source_.transaction([&] { write_ledger(1); });
      source_.transaction([&] {
        write_ledger(2);
        source_.insert(strict_, {integer(2), integer(2)});
        source_.insert(strict_, {integer(3), integer(300)});
        source_.update(strict_, {integer(1), integer(1)}, {integer(1), integer(1000)});
      });
      source_.transaction([&] {
        write_ledger(3);
        source_.insert(strict_, {integer(4), integer(4)});
      });
    });
  }
  std::vector<std::string> strict_rows() const { return rows("SELECT id, a FROM strict ORDER BY id"); }

  change::RelationPtr strict_;
};

TEST_F(RefusedChanges, AreParkedWithEverythingThatIsNeededAndComeBack) {
  follow_under(config::PoisonRule::park);
  ASSERT_TRUE(catches_up(120s));
  EXPECT_TRUE(ledger_holds_each_once(3)) << "other tables go on";
  EXPECT_EQ(count("strict WHERE id = 2 OR id = 4"), 2) << "rows beside the refused ones go on";
  EXPECT_EQ(status().parked, 2U);
  auto connection = libpq::Connection(database_, "test");
  const auto parked = sinks::postgres::list_parked(connection, mirror_.name);
  ASSERT_EQ(parked.size(), 2U);
  for (const auto& change : parked) {
    EXPECT_EQ(change.table, "strict");
    EXPECT_EQ(change.sqlstate, "23514");
    EXPECT_NE(change.error.find("small"), std::string::npos);
    EXPECT_EQ(change.position.value, first_position.value + 2);
  }
  const sinks::postgres::SchemaBuilder builder(mirror_);
  EXPECT_THROW(retry_parked(connection, builder, mirror_.name, parked[0].id), libpq::DatabaseError);
  EXPECT_EQ(count("pgmirror.parked"), 2) << "still refused: still parked";

  tell("ALTER TABLE strict DROP CONSTRAINT small");
  for (const auto& change : parked) EXPECT_TRUE(retry_parked(connection, builder, mirror_.name, change.id));
  EXPECT_EQ(strict_rows(), (std::vector<std::string>{"1|1000", "2|2", "3|300", "4|4"}));
  EXPECT_EQ(count("pgmirror.parked"), 0);
}

TEST_F(RefusedChanges, StopTheirTableAndAResyncHealsIt) {
  follow_under(config::PoisonRule::stop_table);
  ASSERT_TRUE(catches_up(120s));
  EXPECT_TRUE(ledger_holds_each_once(3)) << "other tables go on";
  EXPECT_EQ(strict_rows(), std::vector<std::string>{"1|1"}) << "as of the last commit that it could take";
  EXPECT_EQ(count("pgmirror.tables WHERE table_name = 'strict' AND state = 'stopped' AND last_error LIKE '%small%'"),
            1);
  tell("ALTER TABLE strict DROP CONSTRAINT small");
  worker_->orders().resync({"strict"});
  EXPECT_TRUE(eventually(30s, [&] { return strict_rows().size() == 4; }));
  source_.transaction([&] { source_.remove(strict_, {integer(2), integer(2)}); });
  ASSERT_TRUE(catches_up());
  EXPECT_EQ(strict_rows(), (std::vector<std::string>{"1|1000", "3|300", "4|4"}));
}

TEST_F(RefusedChanges, StopTheMirrorWhereThatWasAskedFor) {
  follow_under(config::PoisonRule::stop);
  ASSERT_TRUE(says(MirrorState::waiting, "a check constraint of the mirror refuses a row"));
  EXPECT_TRUE(eventually(60s, [&] { return count("ledger") == 1; })) << "what lies before is applied";
  tell("ALTER TABLE strict DROP CONSTRAINT small");
  EXPECT_TRUE(catches_up(120s));
  EXPECT_TRUE(ledger_holds_each_once(3));
}

TEST_F(RefusedChanges, NotNullThatSomebodyAddedGivesWayAndIsRecorded) {
  start_and_copy();
  tell("ALTER TABLE strict ALTER COLUMN a SET NOT NULL");
  source_.transaction([&] { source_.insert(strict_, {integer(2), nothing()}); });
  ASSERT_TRUE(catches_up());
  EXPECT_EQ(strict_rows(), (std::vector<std::string>{"1|1", "2|~"}));
  EXPECT_EQ(count("pgmirror.schema_history WHERE statement LIKE '%DROP NOT NULL%'"), 1);
}

TEST_F(RefusedChanges, TableThatSomebodyDroppedStopsAlone) {
  start_and_copy();
  tell("DROP TABLE strict");
  source_.transaction([&] {
    write_ledger(1);
    source_.insert(strict_, {integer(2), integer(2)});
  });
  source_.transaction([&] { write_ledger(2); });
  EXPECT_TRUE(eventually(120s, [&] { return count("ledger") == 2; })) << status().reason;
  EXPECT_TRUE(catches_up());
  EXPECT_EQ(count("pgmirror.tables WHERE table_name = 'strict' AND state = 'stopped'"), 1);
  worker_->orders().resync({"strict"});
  EXPECT_TRUE(eventually(30s, [&] {
    return count("pg_catalog.pg_tables WHERE tablename = 'strict'") == 1 && count("strict") == 2;
  })) << status().reason;
}

}  // namespace
}  // namespace pgmirror::tests
