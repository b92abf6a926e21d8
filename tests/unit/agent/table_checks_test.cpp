#include <gtest/gtest.h>

#include "agent/doctor/checks.hpp"
#include "tests/support/sqlite_database.hpp"
#include "tests/support/temporary_directory.hpp"

namespace pgmirror::agent::doctor {
namespace {

class TableChecks : public testing::Test {
 protected:
  Findings findings(const std::vector<std::string>& excluded_tables, const std::vector<std::string>& excluded_columns) {
    const config::Config config{.tables = config::TableRules({}, excluded_tables, excluded_columns)};
    return check_tables(config, capture::sqlite::describe_store(application_.file(), config.tables));
  }
  static testing::AssertionResult has(const Findings& findings, const std::string& subject, const std::string& what) {
    for (const Finding& finding : findings) {
      if (finding.subject == subject && finding.what.find(what) != std::string::npos) {
        return testing::AssertionSuccess();
      }
    }
    return testing::AssertionFailure() << to_text(findings);
  }

  tests::TemporaryDirectory directory_;
  tests::SqliteDatabase application_{directory_ / "app.db"};
};

TEST_F(TableChecks, AreQuietAboutAnOrdinaryStore) {
  application_.exec(
      "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);"
      "CREATE TABLE orders (id INTEGER PRIMARY KEY, user INTEGER REFERENCES users (id))");
  EXPECT_TRUE(findings({}, {}).empty()) << to_text(findings({}, {}));
}

TEST_F(TableChecks, NameForeignKeysIntoAnExcludedTable) {
  application_.exec(
      "CREATE TABLE Users (id INTEGER PRIMARY KEY, name TEXT);"
      "CREATE TABLE orders (id INTEGER PRIMARY KEY, user INTEGER REFERENCES users (id))");
  EXPECT_TRUE(has(findings({"Users"}, {}), "table orders", "user refers to table Users, which is excluded"));
}

TEST_F(TableChecks, NameForeignKeysToAnExcludedColumn) {
  application_.exec(
      "CREATE TABLE users (id INTEGER PRIMARY KEY, mail TEXT UNIQUE);"
      "CREATE TABLE orders (id INTEGER PRIMARY KEY, mail TEXT REFERENCES users (mail))");
  EXPECT_TRUE(has(findings({}, {"users.mail"}), "table orders", "refers to users.mail, a column that is excluded"));
  EXPECT_TRUE(has(findings({}, {"orders.mail"}), "table orders", "mail is excluded, and refers to users"));
}

TEST_F(TableChecks, NameAKeyThatLosesAColumn) {
  application_.exec("CREATE TABLE tokens (user TEXT, secret TEXT, PRIMARY KEY (user, secret))");
  EXPECT_TRUE(has(findings({}, {"tokens.secret"}), "table tokens", "secret is excluded, and part of its key"));
}

TEST_F(TableChecks, NameTablesWithoutAKey) {
  application_.exec("CREATE TABLE log (line TEXT)");
  EXPECT_TRUE(has(findings({}, {}), "table log", "has no primary key"));
}

TEST_F(TableChecks, NameRulesThatMatchNothing) {
  application_.exec("CREATE TABLE api_keys (id INTEGER PRIMARY KEY)");
  EXPECT_TRUE(has(findings({"api_key"}, {}), "rules", "api_key matches nothing"));
}

TEST_F(TableChecks, NameWhatPostgresqlWouldCut) {
  const std::string name(70, 'n');
  application_.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, " + name + " TEXT)");
  EXPECT_TRUE(has(findings({}, {}), "table t", name + " is longer than 63 bytes"));
}

TEST_F(TableChecks, NameAWithoutRowidTableThatWouldHaveNoKey) {
  application_.exec("CREATE TABLE kv (k TEXT PRIMARY KEY, v TEXT) WITHOUT ROWID");
  const Findings found = findings({}, {"kv.k"});
  EXPECT_EQ(worst(found), Level::error) << to_text(found);
}

TEST_F(TableChecks, SeeWhatIsStillInTheWal) {
  application_.exec("PRAGMA wal_autocheckpoint=0; CREATE TABLE fresh (line TEXT)");
  EXPECT_TRUE(has(findings({}, {}), "table fresh", "has no primary key"));
}

}  // namespace
}  // namespace pgmirror::agent::doctor
