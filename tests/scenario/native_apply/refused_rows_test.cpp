#include "sinks/postgres/parked_changes.hpp"
#include "tests/scenario/native_apply/native_apply.hpp"

namespace pgmirror::tests {
namespace {

/// The mirror refuses a row of a PostgreSQL source; what happens to it is the rule's, and to no other row.
class RefusedRows : public NativeApply {
 protected:
  RefusedRows() {
    strict_ = native_.table("strict", {{"id", "integer"}, {"a", "integer"}, {"note", "text"}}, {0},
                            {{"1", "1", "x"}, {"2", "2", "y"}});
    other_ = native_.table("other", {{"id", "integer"}, {"a", "integer"}}, {0}, {{"1", "1"}});
  }

  /// A transaction that changes rows several times and gives one a value that the mirror refuses.
  void follow_under(config::PoisonRule rule) {
    mirror_.on_poison = rule;
    start_and_copy();
    tell("ALTER TABLE app.strict ADD CONSTRAINT small CHECK (a < 100)");
    native_.transaction([&] {
      native_.insert(strict_, {"3", "3", "z"});
      native_.update(strict_, {"3", "3", "z"}, {"3", "4", "z"}, {2});
      native_.insert(strict_, {"4", "400", "bad"});
      native_.update(strict_, {"1", "1", "x"}, {"5", "1", "x"}, {2});
      native_.remove(strict_, {"3", "4", "z"});
      native_.insert(strict_, {"3", "5", "again"});
      native_.insert(other_, {"2", "2"});
    });
  }

  change::RelationPtr strict_;
  change::RelationPtr other_;
};

TEST_F(RefusedRows, G9_AreParkedAndAllOthersApplied) {
  follow_under(config::PoisonRule::park);
  ASSERT_TRUE(catches_up(120s));
  EXPECT_EQ(rows("SELECT id, a, note FROM app.strict ORDER BY id"),
            (std::vector<std::string>{"2|2|y", "3|5|again", "5|1|x"}));
  EXPECT_TRUE(holds_what_the_source_has(other_));
  EXPECT_EQ(count("pgmirror.parked"), 1);
  tell("ALTER TABLE app.strict DROP CONSTRAINT small");
  libpq::Connection connection(database_, "test");
  const sinks::postgres::SchemaBuilder builder(mirror_);
  for (const auto& change : sinks::postgres::list_parked(connection, mirror_.name)) {
    EXPECT_TRUE(sinks::postgres::retry_parked(connection, builder, mirror_.name, change.id));
  }
  EXPECT_TRUE(holds_what_the_source_has(strict_));
}

TEST_F(RefusedRows, G9_StopTheirTableAndACopyHealsIt) {
  follow_under(config::PoisonRule::stop_table);
  ASSERT_TRUE(catches_up(120s));
  EXPECT_TRUE(holds_what_the_source_has(other_));
  EXPECT_EQ(rows("SELECT id, a FROM app.strict ORDER BY id"), (std::vector<std::string>{"1|1", "2|2"}));
  tell("ALTER TABLE app.strict DROP CONSTRAINT small");
  worker_->orders().resync({"app.strict"});
  EXPECT_TRUE(eventually(30s, [&] { return count("app.strict") == 4; }));
  native_.transaction([&] { native_.remove(strict_, {"2", "2", "y"}); });
  ASSERT_TRUE(catches_up());
  EXPECT_TRUE(holds_what_the_source_has(strict_));
}

TEST_F(RefusedRows, VerificationComparesWhatBothServersPrint) {
  const auto odd = native_.table("odd", {{"id", "character(4)"}, {"flag", "boolean"}, {"n", "numeric"}, {"j", "jsonb"}},
                                 {0}, {{"a   ", "t", "1.00", R"({"a": 1.50})"}, {"b   ", "f", "NaN", std::nullopt}});
  start_and_copy();
  auto answer = worker_->orders().verify(false);
  ASSERT_EQ(answer.wait_for(30s), std::future_status::ready);
  EXPECT_TRUE(answer.get().equal());
  tell("UPDATE app.odd SET n = 1.0 WHERE id = 'a'; DELETE FROM app.other");
  answer = worker_->orders().verify(true);
  ASSERT_EQ(answer.wait_for(30s), std::future_status::ready);
  const auto report = answer.get();
  EXPECT_FALSE(report.equal());
  EXPECT_TRUE(holds_what_the_source_has(odd));
  EXPECT_TRUE(holds_what_the_source_has(other_));
}

TEST_F(RefusedRows, VerificationCountsEqualRowsOfTablesWithoutAKey) {
  const Printed row{"a", "1"};
  const auto events = native_.table("event", {{"kind", "text"}, {"n", "integer"}}, {}, {row, row, row, {"b", "2"}},
                                    change::ReplicaIdentity::full);
  start_and_copy();
  auto answer = worker_->orders().verify(false);
  ASSERT_EQ(answer.wait_for(30s), std::future_status::ready);
  EXPECT_TRUE(answer.get().equal());
  tell("DELETE FROM app.event WHERE ctid = (SELECT ctid FROM app.event WHERE kind = 'a' LIMIT 1)");
  tell("INSERT INTO app.event VALUES ('b', 2), ('c', 3)");
  answer = worker_->orders().verify(true);
  ASSERT_EQ(answer.wait_for(30s), std::future_status::ready);
  EXPECT_FALSE(answer.get().equal());
  EXPECT_TRUE(holds_what_the_source_has(events));
}

}  // namespace
}  // namespace pgmirror::tests
