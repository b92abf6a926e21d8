#include <pqxx/pqxx>

#include "tests/scenario/mirrored_store.hpp"
#include "tests/support/connection_text.hpp"

namespace pgmirror::tests {
namespace {

/// A mirror table with a rule of its own that one row of the source breaks.
class RefusedRow : public MirroredStore {
 protected:
  RefusedRow() {
    application_.exec(
        "CREATE TABLE strict (id INTEGER PRIMARY KEY, a INTEGER); CREATE TABLE other (id INTEGER PRIMARY KEY, a "
        "INTEGER);"
        "INSERT INTO strict VALUES (1, 1); INSERT INTO other VALUES (1, 1)");
  }
  void follow_until_refused(const std::string& rule) {
    program_.set("MIRROR_ON_POISON", rule);
    program_.start();
    ASSERT_TRUE(becomes_same());
    tell("ALTER TABLE strict ADD CONSTRAINT small CHECK (a < 100)");
    application_.exec("INSERT INTO strict VALUES (2, 1000)");
    application_.exec("INSERT INTO other VALUES (2, 1000)");
  }
  void tell(const std::string& sql) {
    pqxx::connection connection(connection_string(mirror_));
    pqxx::nontransaction(connection).exec(sql);
  }
  std::int64_t count(const std::string& what) {
    pqxx::connection connection(connection_string(mirror_));
    return pqxx::nontransaction(connection).exec1("SELECT count(*) FROM " + what)[0].as<std::int64_t>();
  }
};

TEST_F(RefusedRow, StopsItsTableAloneAndSaysSo) {
  follow_until_refused("stop_table");
  EXPECT_TRUE(eventually(60s, [&] { return count("other") == 2; })) << program_.log();
  EXPECT_TRUE(eventually(30s, [&] { return program_.command({"health"}).end != ProgramEnd{}; }));
  const auto health = program_.command({"health"});
  EXPECT_NE(health.output.find("strict"), std::string::npos) << health.output;
  EXPECT_EQ(count("pgmirror.tables WHERE table_name = 'strict' AND state = 'stopped' AND last_error LIKE '%small%'"),
            1);

  tell("ALTER TABLE strict DROP CONSTRAINT small");
  const auto resync = program_.command({"resync", "strict"});
  EXPECT_EQ(resync.end, ProgramEnd{}) << resync.output;
  EXPECT_TRUE(becomes_same());
  EXPECT_TRUE(eventually(30s, [&] { return program_.command({"health"}).end == ProgramEnd{}; }));
}

TEST_F(RefusedRow, IsParkedAndCanBeTriedAgain) {
  follow_until_refused("park");
  ASSERT_TRUE(eventually(60s, [&] { return count("pgmirror.parked") == 1; })) << program_.log();
  EXPECT_TRUE(eventually(30s, [&] { return count("other") == 2; }));
  EXPECT_TRUE(eventually(30s, [&] { return program_.command({"health"}).end != ProgramEnd{}; }));
  application_.exec("INSERT INTO strict VALUES (3, 3)");
  EXPECT_TRUE(eventually(30s, [&] { return count("strict WHERE id = 3") == 1; })) << "later rows go on";
  const auto list = program_.command({"parked", "list"});
  EXPECT_NE(list.output.find("strict"), std::string::npos) << list.output;
  EXPECT_NE(list.output.find("small"), std::string::npos) << list.output;

  tell("ALTER TABLE strict DROP CONSTRAINT small");
  const auto retried = program_.command({"parked", "retry", "1"});
  EXPECT_EQ(retried.end, ProgramEnd{}) << retried.output;
  EXPECT_TRUE(becomes_same());
  EXPECT_EQ(count("pgmirror.parked"), 0);
}

TEST_F(RefusedRow, IsParkedNoLongerOnceItsTableWasCopiedAgain) {
  follow_until_refused("park");
  ASSERT_TRUE(eventually(60s, [&] { return count("pgmirror.parked") == 1; })) << program_.log();
  tell("ALTER TABLE strict DROP CONSTRAINT small");
  application_.exec("UPDATE strict SET a = 5 WHERE id = 2");
  const auto resync = program_.command({"resync", "strict"});
  EXPECT_EQ(resync.end, ProgramEnd{}) << resync.output;
  EXPECT_TRUE(becomes_same());
  EXPECT_TRUE(eventually(30s, [&] { return count("pgmirror.parked") == 0; }));
  EXPECT_NE(program_.command({"parked", "retry", "1"}).end, ProgramEnd{}) << "would take the row back";
  EXPECT_TRUE(becomes_same());
}

TEST_F(RefusedRow, IsParkedLikeTheOneBeforeIt) {
  follow_until_refused("park");
  ASSERT_TRUE(eventually(60s, [&] { return count("pgmirror.parked") == 1; })) << program_.log();
  application_.exec("INSERT INTO strict VALUES (3, 3)");
  ASSERT_TRUE(eventually(30s, [&] { return count("strict WHERE id = 3") == 1; }));
  application_.exec("INSERT INTO strict VALUES (4, 4000)");
  application_.exec("INSERT INTO other VALUES (4, 4000)");
  EXPECT_TRUE(eventually(60s, [&] { return count("pgmirror.parked") == 2; })) << program_.log();
  EXPECT_TRUE(eventually(30s, [&] { return count("other") == 3; }));
}

TEST_F(RefusedRow, StopsEverythingWhereThatWasAskedFor) {
  follow_until_refused("stop");
  EXPECT_TRUE(eventually(60s, [&] { return !program_.running() || program_.command({"health"}).end != ProgramEnd{}; }))
      << program_.log();
  EXPECT_EQ(count("strict"), 1);
  EXPECT_EQ(count("other"), 1) << "nothing behind the refused row may pass it";
}

}  // namespace
}  // namespace pgmirror::tests
