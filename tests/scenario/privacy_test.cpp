#include <sys/stat.h>

#include <pqxx/pqxx>

#include "tests/scenario/mirrored_store.hpp"
#include "tests/support/connection_text.hpp"
#include "tests/support/file_text.hpp"

namespace pgmirror::tests {
namespace {

class Privacy : public MirroredStore {
 protected:
  Privacy() {
    application_.exec(
        "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, password_digest TEXT);"
        "CREATE TABLE api_keys (key TEXT);"
        "INSERT INTO person VALUES (1, 'canary-name', 'canary-digest');"
        "INSERT INTO api_keys VALUES ('canary-key')");
    program_.set("MIRROR_EXCLUDE_TABLES", "api_keys");
    program_.set("MIRROR_EXCLUDE_COLUMNS", "person.password_digest");
  }
  void ask(const std::string& sql) {
    pqxx::connection connection(connection_string(mirror_));
    pqxx::nontransaction(connection).exec(sql);
  }
  ContentRules rules_{.excluded_tables = {"api_keys"}, .excluded_columns = {"person.password_digest"}};
};

TEST_F(Privacy, LogHoldsNeitherRowValuesNorThePassword) {
  auto settings = mirror_;
  settings.password = "canary-password";  // the server trusts everybody and does not look at it
  program_.set_mirror(settings);
  program_.set("MIRROR_LOG_LEVEL", "trace");
  program_.start();
  ASSERT_TRUE(becomes_same(rules_));
  application_.exec("INSERT INTO person VALUES (2, 'canary-second', 'canary-digest')");
  application_.exec("UPDATE person SET name = 'canary-third' WHERE id = 1");
  // A row that the mirror refuses brings error messages, whose details would hold the row.
  ask("ALTER TABLE person ADD CONSTRAINT no_fourth CHECK (name <> 'canary-fourth')");
  ASSERT_TRUE(becomes_same(rules_));
  application_.exec("INSERT INTO person VALUES (4, 'canary-fourth', '')");
  ASSERT_TRUE(logs("no_fourth"));
  EXPECT_EQ(program_.log().find("canary"), std::string::npos) << program_.log();
}

TEST_F(Privacy, StateIsForItsOwnerOnly) {
  program_.start();
  ASSERT_TRUE(becomes_same(rules_));
  application_.exec("INSERT INTO person VALUES (2, 'x', 'y')");
  ASSERT_TRUE(becomes_same(rules_));
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_ / "state")) {
    struct stat status {};
    ASSERT_EQ(::lstat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0077U, 0U) << entry.path();
    if (entry.is_regular_file()) ++files;
  }
  EXPECT_GT(files, 1U);
}

TEST_F(Privacy, WhatIsExcludedNeverLeavesTheSource) {
  program_.start();
  ASSERT_TRUE(becomes_same(rules_));
  application_.exec(
      "BEGIN; UPDATE person SET name = 'visible-marker', password_digest = 'canary-changed';"
      "INSERT INTO api_keys VALUES ('canary-later'); COMMIT");
  ASSERT_TRUE(becomes_same(rules_));
  program_.kill();
  // The queue is what would carry them on; small blocks are kept as they are or compressed, so look for the table too.
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_ / "state" / "queue")) {
    const auto bytes = file_text(entry.path());
    EXPECT_EQ(bytes.find("api_keys"), std::string::npos) << entry.path();
    EXPECT_EQ(bytes.find("password_digest"), std::string::npos) << entry.path();
    EXPECT_EQ(bytes.find("canary-changed"), std::string::npos) << entry.path();
  }
}

TEST_F(Privacy, MirrorTablesAreClosedToAPublicApi) {
  // Roles belong to the whole cluster; another test may have made them.
  ask("DO $$ BEGIN CREATE ROLE anon; EXCEPTION WHEN duplicate_object THEN NULL; END $$");
  ask("ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO anon");
  program_.start();
  ASSERT_TRUE(becomes_same(rules_));
  pqxx::connection connection(connection_string(mirror_));
  pqxx::nontransaction session(connection);
  EXPECT_TRUE(session.exec1("SELECT relrowsecurity FROM pg_class WHERE oid = 'person'::regclass")[0].as<bool>());
  EXPECT_FALSE(session.exec1("SELECT has_table_privilege('anon', 'person', 'SELECT')")[0].as<bool>());
  EXPECT_EQ(
      session
          .exec1("SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = "
                 "'pgmirror' AND c.relkind = 'r' AND (NOT c.relrowsecurity OR has_table_privilege('anon', c.oid, "
                 "'SELECT'))")[0]
          .as<int>(),
      0);
}

}  // namespace
}  // namespace pgmirror::tests
