#include <pqxx/pqxx>

#include "tests/scenario/mirrored_store.hpp"
#include "tests/support/connection_text.hpp"

namespace pgmirror::tests {
namespace {

/// The application changes its schema while it is mirrored; the parameter says whether pgmirror runs meanwhile or finds
/// all of it as one gap when it comes back.
class SchemaFollow : public MirroredStore, public testing::WithParamInterface<bool> {
 protected:
  SchemaFollow() {
    application_.exec(
        "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, age INT);"
        "CREATE TABLE tag (label TEXT PRIMARY KEY, weight);"
        "CREATE TABLE note (a, b);"
        "INSERT INTO person VALUES (1, 'one', 1), (2, 'two', 2);"
        "INSERT INTO tag VALUES ('x', 1), ('y', 'text');"
        "INSERT INTO note VALUES (1, 2), (3, 'four');");
    program_.start();
    if (!becomes_same()) throw std::runtime_error("the first copy failed:\n" + program_.log());
  }

  /// Each string is a transaction of its own.
  void application_does(const std::vector<std::string>& transactions) {
    const bool meanwhile = GetParam();
    if (!meanwhile) {
      EXPECT_EQ(program_.stop(), ProgramEnd{}) << program_.log();
    }
    for (const std::string& transaction : transactions) application_.exec("BEGIN;" + transaction + ";COMMIT");
    if (!meanwhile) program_.start();
  }

  /// As becomes_same(), whatever dropped tables the mirror keeps.
  testing::AssertionResult becomes_same_but_dropped() {
    const bool settled = eventually(60s, [&] {
      ContentRules rules;
      for (const auto& row : mirror("SELECT table_name FROM pgmirror.tables WHERE state = 'dropped'")) {
        rules.extra_tables.insert(row[0].as<std::string>());
      }
      return static_cast<bool>(same_content(application_.file(), mirror_, "public", rules));
    });
    if (settled) return testing::AssertionSuccess();
    return testing::AssertionFailure() << same_content(application_.file(), mirror_).message() << program_.log();
  }

  pqxx::result mirror(const std::string& sql) {
    pqxx::connection connection(connection_string(mirror_));
    return pqxx::nontransaction(connection).exec(sql);
  }
};

TEST_P(SchemaFollow, AddsColumnsWithTheirDefaults) {
  application_does({"ALTER TABLE person ADD COLUMN city TEXT DEFAULT 'Rome'",
                    "INSERT INTO person (id, name) VALUES (3, 'three')",
                    "ALTER TABLE person ADD COLUMN score REAL; UPDATE person SET score = id / 4.0 WHERE id > 1"});
  EXPECT_TRUE(becomes_same());
}

TEST_P(SchemaFollow, RenamesAndDropsColumns) {
  application_does({"ALTER TABLE person RENAME COLUMN name TO full_name",
                    "UPDATE person SET full_name = 'uno' WHERE id = 1", "ALTER TABLE person DROP COLUMN age",
                    "INSERT INTO person VALUES (7, 'seven')"});
  EXPECT_TRUE(becomes_same());
}

TEST_P(SchemaFollow, RenamesTables) {
  application_does({"ALTER TABLE tag RENAME TO label", "INSERT INTO label VALUES ('z', x'00ff')",
                    "ALTER TABLE label RENAME TO tag", "UPDATE tag SET weight = 5 WHERE label = 'y'"});
  EXPECT_TRUE(becomes_same());
}

TEST_P(SchemaFollow, MirrorsATableWithTheRowsOfTheTransactionThatMadeIt) {
  application_does({"CREATE TABLE made (id INTEGER PRIMARY KEY, v); INSERT INTO made VALUES (1, 'a'), (2, x'01')",
                    "INSERT INTO made VALUES (3, 4.5)"});
  EXPECT_TRUE(becomes_same());
  EXPECT_EQ(mirror("SELECT count(*) FROM made")[0][0].as<int>(), 3);
}

TEST_P(SchemaFollow, KeepsADroppedTableAndGivesItsNameAway) {
  application_does({"DROP TABLE note"});
  EXPECT_TRUE(becomes_same({.extra_tables = {"note"}}));
  EXPECT_EQ(mirror("SELECT count(*) FROM note")[0][0].as<int>(), 2);
  application_.exec("CREATE TABLE note (id INTEGER PRIMARY KEY, other TEXT); INSERT INTO note VALUES (9, 'new')");
  EXPECT_TRUE(becomes_same_but_dropped());
}

/// What SQLite's documentation advises for changes that ALTER TABLE cannot make.
TEST_P(SchemaFollow, RebuildsATableInOneTransaction) {
  application_does(
      {"CREATE TABLE person_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL, age REAL, extra TEXT);"
       "INSERT INTO person_new SELECT id, name, age * 1.5, 'e' FROM person;"
       "DROP TABLE person; ALTER TABLE person_new RENAME TO person",
       "INSERT INTO person VALUES (5, 'five', 5.5, NULL)"});
  EXPECT_TRUE(becomes_same());
}

TEST_P(SchemaFollow, MakesATableAnewWhoseKeyBecameAnother) {
  application_does(
      {"CREATE TABLE tag_new (id INTEGER PRIMARY KEY, label TEXT, weight);"
       "INSERT INTO tag_new (label, weight) SELECT label, weight FROM tag;"
       "DROP TABLE tag; ALTER TABLE tag_new RENAME TO tag",
       "INSERT INTO tag (label) VALUES ('z')"});
  EXPECT_TRUE(becomes_same_but_dropped());
}

TEST_P(SchemaFollow, RebuildsATableStepByStep) {
  application_does({"CREATE TABLE person_new (id INTEGER PRIMARY KEY, name TEXT, age INT, extra TEXT)",
                    "INSERT INTO person_new SELECT id, name, age, 'e' FROM person", "DROP TABLE person",
                    "ALTER TABLE person_new RENAME TO person", "INSERT INTO person VALUES (5, 'five', 5, NULL)"});
  EXPECT_TRUE(becomes_same_but_dropped());
}

TEST_P(SchemaFollow, FollowsIndexes) {
  application_does({"CREATE UNIQUE INDEX person_name ON person (name)", "CREATE INDEX person_age ON person (age)",
                    "DROP INDEX person_age"});
  ASSERT_TRUE(becomes_same());
  EXPECT_TRUE(eventually(60s, [&] {
    return mirror("SELECT FROM pg_indexes WHERE tablename = 'person' AND indexdef LIKE '%UNIQUE%(name)'").size() == 1 &&
           mirror("SELECT FROM pg_indexes WHERE indexname = 'person_age'").empty();
  })) << program_.log();
}

TEST_P(SchemaFollow, SurvivesAVacuum) {
  application_does({"DELETE FROM note WHERE a = 1", "INSERT INTO note VALUES (5, 6), (7, 8)"});
  application_.exec("VACUUM");
  application_.exec("UPDATE note SET b = 'after' WHERE a = 7");
  EXPECT_TRUE(becomes_same());
}

INSTANTIATE_TEST_SUITE_P(Agent, SchemaFollow, testing::Values(true, false),
                         [](const auto& meanwhile) { return meanwhile.param ? "Runs" : "ComesBack"; });

}  // namespace
}  // namespace pgmirror::tests
