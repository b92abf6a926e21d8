#include "tests/support/same_content.hpp"

#include <gtest/gtest.h>

#include <pqxx/pqxx>

#include "tests/support/connection_text.hpp"
#include "tests/support/sqlite_database.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/throwaway_postgres.hpp"

namespace pgmirror::tests {
namespace {

/// One store with every kind of cell and a mirror of it made by hand; each test spoils one thing.
class SameContent : public testing::Test {
 protected:
  SameContent() {
    store_.exec(
        "CREATE TABLE \"odd name\" (id INTEGER PRIMARY KEY, r REAL, n NUMERIC, t TEXT, b BLOB, f BOOLEAN, x);"
        "INSERT INTO \"odd name\" VALUES"
        " (1, 0.1, 12.50, 'a', x'00ff', 1, NULL),"
        " (2, 1e300, 9223372036854775807, 'é☃', x'', 0, 5),"
        " (3, NULL, 1e23, '', NULL, NULL, 'five'),"
        " (4, 3, -0.000125, 'same', x'01', 1, 2.0);"
        "CREATE TABLE nokey (a TEXT); INSERT INTO nokey VALUES ('x'), ('x');");
    mirror(
        "CREATE TABLE \"odd name\" (id bigint, r float8, n numeric, t text, b bytea, f boolean, x text);"
        "INSERT INTO \"odd name\" VALUES"
        " (1, 0.1, 12.5, 'a', '\\x00ff', true, NULL),"
        " (2, 1e300, 9223372036854775807, 'é☃', '', false, '5'),"
        " (3, NULL, 100000000000000000000000, '', NULL, NULL, 'five'),"
        " (4, 3, -0.0001250, 'same', '\\x01', true, '2.0');"
        "CREATE TABLE nokey (pgmirror_rowid bigint, a text); INSERT INTO nokey VALUES (1, 'x'), (2, 'x');");
  }
  void mirror(const std::string& sql) {
    pqxx::connection connection(connection_string(settings_));
    pqxx::nontransaction(connection).exec(sql);
  }
  testing::AssertionResult compare(const ContentRules& rules = {}) {
    return same_content(store_.file(), settings_, "public", rules);
  }

  TemporaryDirectory directory_;
  SqliteDatabase store_{directory_ / "store.db"};
  config::ConnectionSettings settings_ = shared_postgres().create_database();
};

TEST_F(SameContent, EqualSidesAreEqual) { EXPECT_TRUE(compare()); }

TEST_F(SameContent, TellsEachKindOfSpoiltCell) {
  for (const std::string change : {"r = 0.10000000000000002 WHERE id = 1", "n = 9223372036854775808 WHERE id = 2",
                                   "t = 'e' WHERE id = 2", "b = '\\x00fe' WHERE id = 1", "f = NULL WHERE id = 1",
                                   "x = '' WHERE id = 1", "t = NULL WHERE id = 3", "b = NULL WHERE id = 2"}) {
    mirror("CREATE TABLE IF NOT EXISTS kept AS SELECT * FROM \"odd name\"");
    mirror("UPDATE \"odd name\" SET " + change);
    const auto result = compare({.extra_tables = {"kept"}});
    EXPECT_FALSE(result) << change;
    EXPECT_NE(std::string(result.message()).find("odd name: missing in the mirror"), std::string::npos);
    mirror("DELETE FROM \"odd name\"; INSERT INTO \"odd name\" SELECT * FROM kept");
  }
  EXPECT_TRUE(compare({.extra_tables = {"kept"}}));
}

TEST_F(SameContent, CountsEqualRowsWithoutKey) {
  mirror("DELETE FROM nokey WHERE pgmirror_rowid = 2");
  EXPECT_FALSE(compare());
}

TEST_F(SameContent, SeesMissingAndSurplusTablesAndColumns) {
  mirror("CREATE TABLE stray (a int)");
  EXPECT_FALSE(compare());
  EXPECT_TRUE(compare({.extra_tables = {"stray"}}));
  store_.exec("ALTER TABLE nokey ADD COLUMN later TEXT");
  EXPECT_FALSE(compare({.extra_tables = {"stray"}}));
  EXPECT_TRUE(compare({.excluded_columns = {"nokey.later"}, .extra_tables = {"stray"}}));
  EXPECT_FALSE(compare({.excluded_columns = {"nokey.later", "nokey.a"}, .extra_tables = {"stray"}}));
}

TEST_F(SameContent, WantsCellsThatDoNotFitAmongTheOddValues) {
  store_.exec("UPDATE nokey SET a = CAST(x'61ff' AS TEXT) WHERE rowid = 1");
  mirror("UPDATE nokey SET a = NULL WHERE pgmirror_rowid = 1");
  EXPECT_FALSE(compare());
  mirror(
      "CREATE SCHEMA pgmirror; CREATE TABLE pgmirror.odd_values (schema_name text, table_name text, key text,"
      " column_name text, storage_class text, raw bytea);"
      "INSERT INTO pgmirror.odd_values VALUES ('public', 'nokey', '[1]', 'a', 'text', '\\x61ff')");
  EXPECT_TRUE(compare());
  mirror("UPDATE pgmirror.odd_values SET raw = '\\x61fe'");
  EXPECT_FALSE(compare());
}

TEST_F(SameContent, AllowsOddValuesBesidesOnlyWhereTheSourceHoldsThem) {
  mirror(
      "CREATE SCHEMA pgmirror; CREATE TABLE pgmirror.odd_values (schema_name text, table_name text, key text,"
      " column_name text, storage_class text, raw bytea);"
      "INSERT INTO pgmirror.odd_values VALUES ('public', 'odd name', '[4]', 'x', 'real', '2.0')");
  EXPECT_TRUE(compare());
  store_.exec("UPDATE \"odd name\" SET x = 3.0 WHERE id = 4");
  mirror("UPDATE \"odd name\" SET x = '3.0' WHERE id = 4");
  EXPECT_FALSE(compare());
}

}  // namespace
}  // namespace pgmirror::tests
