#include "tests/scenario/apply/applied_queue.hpp"

namespace pgmirror::tests {
namespace {

/// Orders refer to users, and the mirror's role may not switch checks off.
class ForeignKeysOfAPlainRole : public AppliedQueue {
 protected:
  ForeignKeysOfAPlainRole() {
    user_ = source_.table(numbers("person"), {{integer(1), integer(1)}});
    change::Relation orders = numbers("purchase");
    orders.foreign_keys = {{{"a"}, "", "person", {"id"}}};
    purchase_ = source_.table(orders, {{integer(1), integer(1)}});
    connect_as_plain_owner();
    start();
  }

  std::int64_t foreign_keys() const { return count("pg_catalog.pg_constraint WHERE contype = 'f'"); }

  change::RelationPtr user_;
  change::RelationPtr purchase_;
};

TEST_F(ForeignKeysOfAPlainRole, ChildMayComeBeforeItsParentWithinABatch) {
  ASSERT_TRUE(catches_up());
  ASSERT_EQ(foreign_keys(), 1);
  source_.transaction([&] {
    source_.insert(purchase_, {integer(2), integer(7)});
    source_.insert(user_, {integer(7), integer(7)});
  });
  ASSERT_TRUE(catches_up());
  // Both tables are known by now, so that nothing ends the batch between the two.
  in_one_batch([&] {
    source_.transaction([&] { source_.insert(purchase_, {integer(3), integer(8)}); });
    source_.transaction([&] { source_.insert(user_, {integer(8), integer(8)}); });
  });
  ASSERT_TRUE(catches_up());
  EXPECT_EQ(rows("SELECT id, a FROM purchase ORDER BY id"), (std::vector<std::string>{"1|1", "2|7", "3|8"}));
  EXPECT_EQ(foreign_keys(), 1);
  EXPECT_EQ(status().retries, 0U);
}

TEST_F(ForeignKeysOfAPlainRole, RowWithoutParentCostsTheForeignKeyNotTheRow) {
  ASSERT_TRUE(catches_up());
  ASSERT_EQ(foreign_keys(), 1);
  source_.transaction([&] { source_.insert(purchase_, {integer(2), integer(99)}); });
  source_.transaction([&] { source_.insert(purchase_, {integer(3), integer(1)}); });
  ASSERT_TRUE(catches_up());
  EXPECT_EQ(rows("SELECT id, a FROM purchase ORDER BY id"), (std::vector<std::string>{"1|1", "2|99", "3|1"}));
  EXPECT_EQ(foreign_keys(), 0);
  EXPECT_EQ(count("pgmirror.schema_history WHERE statement LIKE '%DROP CONSTRAINT%' AND reason LIKE '%violate%'"), 1);
  EXPECT_EQ(count("pgmirror.parked"), 0);
  EXPECT_EQ(count("pgmirror.tables WHERE state <> 'live'"), 0);
}

TEST_F(ForeignKeysOfAPlainRole, ParentThatGoesAloneCostsTheForeignKeyNotTheMirror) {
  ASSERT_TRUE(catches_up());
  source_.transaction([&] { source_.remove(user_, {integer(1), integer(1)}); });
  source_.transaction([&] { write_ledger(1); });
  ASSERT_TRUE(catches_up());
  EXPECT_EQ(count("person"), 0);
  EXPECT_EQ(foreign_keys(), 0);
  EXPECT_TRUE(ledger_holds_each_once(1));
}

TEST_F(ForeignKeysOfAPlainRole, ForeignKeyOfSomebodyElseStopsItsTableAlone) {
  ASSERT_TRUE(catches_up());
  tell("ALTER TABLE ledger ADD CONSTRAINT theirs FOREIGN KEY (number) REFERENCES person (id)");
  source_.transaction([&] { write_ledger(55); });
  source_.transaction([&] { source_.insert(user_, {integer(8), integer(8)}); });
  EXPECT_TRUE(catches_up(120s));
  EXPECT_EQ(count("person"), 2);
  EXPECT_EQ(count("pg_catalog.pg_constraint WHERE conname = 'theirs'"), 1);
  EXPECT_EQ(count("pgmirror.tables WHERE table_name = 'ledger' AND state = 'stopped'"), 1);
}

TEST_F(ForeignKeysOfAPlainRole, CopyOfEverythingAgainIsNotHeldUpByOldRows) {
  ASSERT_TRUE(catches_up());
  // What the mirror still has refers to what the source has no more.
  source_.transaction([&] { source_.insert(user_, {integer(5), integer(5)}); });
  ASSERT_TRUE(catches_up());
  tell("INSERT INTO purchase VALUES (50, 5)");
  in_one_batch([&] {
    source_.transaction([&] { source_.remove(user_, {integer(5), integer(5)}); });
    worker_->orders().start_over();
  });
  ASSERT_TRUE(catches_up());
  EXPECT_EQ(count("person"), 1);
  EXPECT_EQ(rows("SELECT id, a FROM purchase"), std::vector<std::string>{"1|1"});
  EXPECT_EQ(foreign_keys(), 1) << "made again behind the copy";
}

/// It speaks at the end of a transaction only.
TEST_F(ForeignKeysOfAPlainRole, DeferredOneOfSomebodyElseStopsItsTableAlone) {
  ASSERT_TRUE(catches_up());
  tell(
      "ALTER TABLE ledger ADD CONSTRAINT theirs FOREIGN KEY (number) REFERENCES person (id)"
      " DEFERRABLE INITIALLY DEFERRED");
  source_.transaction([&] {
    write_ledger(55);
    source_.insert(user_, {integer(8), integer(8)});
  });
  source_.transaction([&] { source_.insert(user_, {integer(9), integer(9)}); });
  EXPECT_TRUE(catches_up(120s)) << status().reason;
  EXPECT_EQ(rows("SELECT id FROM person ORDER BY id"), (std::vector<std::string>{"1", "8", "9"}));
  EXPECT_EQ(count("ledger"), 0);
  EXPECT_EQ(count("pg_catalog.pg_constraint WHERE conname = 'theirs'"), 1);
  EXPECT_EQ(count("pgmirror.tables WHERE table_name = 'ledger' AND state = 'stopped' AND last_error LIKE '%theirs%'"),
            1);
}

}  // namespace
}  // namespace pgmirror::tests
