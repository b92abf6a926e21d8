#include <pqxx/pqxx>

#include "tests/scenario/mirrored_store.hpp"
#include "tests/support/connection_text.hpp"

namespace pgmirror::tests {
namespace {

/// The agent dies when it has made the mirror's tables and copied none yet.
class InterruptedCopy : public MirroredStore {
 protected:
  InterruptedCopy() {
    application_.exec(
        "CREATE TABLE first (id INTEGER PRIMARY KEY, v TEXT);"
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400000)"
        "  INSERT INTO first SELECT i, hex(randomblob(40)) FROM n;"
        "CREATE TABLE second (id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INT NOT NULL, note TEXT);"
        "INSERT INTO second VALUES (1, 'one', 1, 'n'), (2, 'two', 2, NULL)");
  }

  std::int64_t count(const std::string& sql) {
    pqxx::connection connection(connection_string(mirror_));
    return pqxx::nontransaction(connection).exec("SELECT count(*) " + sql)[0][0].as<std::int64_t>();
  }

  void die_with_tables_made() {
    program_.start();
    ASSERT_TRUE(eventually(30s, [&] { return count("FROM pg_class WHERE relname = 'second'") == 1; }));
    program_.kill();
    ASSERT_EQ(count("FROM pgmirror.tables WHERE table_name = 'second' AND state = 'copying'"), 1)
        << "the copy was faster than the test";
  }

  /// Without its mirror the agent captures; a later copy has its snapshot behind that.
  void capture_only() {
    auto nowhere = mirror_;
    nowhere.port = 1;
    program_.set_mirror(nowhere);
    program_.start();
    ASSERT_TRUE(logs("whole file compared"));
    EXPECT_EQ(program_.stop(), ProgramEnd{});
    program_.set_mirror(mirror_);
  }
};

TEST_F(InterruptedCopy, GoesOnWithTablesThatTheApplicationRedefinedMeanwhile) {
  die_with_tables_made();
  application_.exec(
      "ALTER TABLE second RENAME COLUMN name TO full_name; ALTER TABLE second DROP COLUMN note;"
      "ALTER TABLE first ADD COLUMN extra TEXT NOT NULL DEFAULT 'e'; CREATE TABLE third (k TEXT PRIMARY KEY, v)");
  capture_only();
  program_.start();
  EXPECT_TRUE(becomes_same());
  EXPECT_EQ(count("FROM information_schema.columns WHERE table_name = 'second' AND table_schema = 'public'"), 3);
}

/// Somebody has put rows into a table that we made: it is his to say what becomes of them.
TEST_F(InterruptedCopy, LeavesATableAloneThatSomebodyFilledMeanwhile) {
  die_with_tables_made();
  pqxx::connection person(connection_string(mirror_));
  pqxx::nontransaction(person).exec("INSERT INTO second VALUES (7, 'by hand', 7, '')");
  application_.exec("ALTER TABLE second RENAME COLUMN name TO full_name");
  capture_only();
  program_.start();
  EXPECT_TRUE(logs("do not fit"));
  EXPECT_EQ(count("FROM second WHERE name = 'by hand'"), 1);
}

}  // namespace
}  // namespace pgmirror::tests
