#include <pqxx/pqxx>

#include "tests/scenario/mirrored_store.hpp"
#include "tests/support/connection_text.hpp"

namespace pgmirror::tests {
namespace {

/// Rules of the mirror's own tables that SQLite does not have: keys that are never NULL, types, entries of an index
/// that fit a page, columns that are the system's.
class StricterMirror : public MirroredStore {
 protected:
  std::string ask(const std::string& sql) {
    pqxx::connection connection(connection_string(mirror_));
    const auto rows = pqxx::nontransaction(connection).exec(sql);
    return rows.empty() || rows[0][0].is_null() ? "" : rows[0][0].as<std::string>();
  }
  std::string state_of(const std::string& table) {
    return ask("SELECT state FROM pgmirror.tables WHERE table_name = '" + table + "'");
  }
};

TEST_F(StricterMirror, KeyThatIsNullStopsItsTableAloneUntilAResyncKeysItByTheRowid) {
  application_.exec(
      "CREATE TABLE named (name TEXT PRIMARY KEY, v); INSERT INTO named VALUES ('a', 1);"
      "CREATE TABLE other (id INTEGER PRIMARY KEY, v)");
  program_.start();
  ASSERT_TRUE(becomes_same());
  application_.exec("INSERT INTO named VALUES (NULL, 2), (NULL, 3)");
  application_.exec("INSERT INTO other VALUES (1, 1)");
  ASSERT_TRUE(eventually(60s, [&] { return state_of("named") == "stopped"; })) << program_.log();
  EXPECT_TRUE(eventually(30s, [&] { return ask("SELECT count(*) FROM other") == "1"; }));

  const auto resync = program_.command({"resync", "named"});
  EXPECT_EQ(resync.end, ProgramEnd{}) << resync.output;
  EXPECT_TRUE(becomes_same());
  application_.exec("UPDATE named SET v = 20 WHERE v = 2; DELETE FROM named WHERE v = 3");
  EXPECT_TRUE(becomes_same());
}

TEST_F(StricterMirror, FirstCopyKeysATableByTheRowidWhereTheMirrorRefusesItsKey) {
  application_.exec(
      "CREATE TABLE named (name TEXT PRIMARY KEY, v); INSERT INTO named VALUES ('a', 1), ('b' || char(0) || 'c', 2);"
      "CREATE TABLE mixed (a PRIMARY KEY, b) WITHOUT ROWID; INSERT INTO mixed VALUES (char(0), 1);"
      "CREATE TABLE other (id INTEGER PRIMARY KEY, v); INSERT INTO other VALUES (1, 1)");
  program_.start();
  EXPECT_TRUE(becomes_same(ContentRules{.excluded_tables = {"mixed"}, .extra_tables = {"mixed"}}));
  // It has no rowid.
  EXPECT_EQ(state_of("mixed"), "stopped");
  application_.exec("UPDATE named SET v = v + 1; DELETE FROM named WHERE name = 'a'");
  EXPECT_TRUE(becomes_same(ContentRules{.excluded_tables = {"mixed"}, .extra_tables = {"mixed"}}));
}

TEST_F(StricterMirror, IndexesThatAValueIsTooLongForGoAndTheRowComes) {
  application_.exec(
      "CREATE TABLE pages (id INTEGER PRIMARY KEY, url TEXT UNIQUE, title TEXT);"
      "CREATE INDEX pages_title ON pages (title); CREATE INDEX pages_short ON pages (id, title)");
  program_.start();
  ASSERT_TRUE(becomes_same());
  // Random, so that it does not shrink: above a third of a page, then above a whole one.
  application_.exec("INSERT INTO pages VALUES (1, 'a', hex(randomblob(3500)))");
  EXPECT_TRUE(becomes_same());
  application_.exec("INSERT INTO pages VALUES (2, hex(randomblob(20000)), 'b')");
  EXPECT_TRUE(becomes_same());
  EXPECT_EQ(ask("SELECT count(*) FROM pg_indexes WHERE tablename = 'pages'"), "1") << "the key's";
  EXPECT_EQ(ask("SELECT count(*) FROM pgmirror.schema_history WHERE reason LIKE 'dropped index%too long%'"), "3");
}

TEST_F(StricterMirror, ResyncGoesOnWithoutAnIndexThatTakesRowsForEqual) {
  application_.exec("CREATE TABLE loose (id INTEGER PRIMARY KEY, v UNIQUE)");
  program_.start();
  ASSERT_TRUE(becomes_same());
  application_.exec("INSERT INTO loose VALUES (1, 5), (2, '5')");
  ASSERT_TRUE(eventually(60s, [&] { return state_of("loose") == "stopped"; })) << program_.log();
  const auto resync = program_.command({"resync", "loose"});
  EXPECT_EQ(resync.end, ProgramEnd{}) << resync.output;
  EXPECT_TRUE(becomes_same());
}

TEST_F(StricterMirror, ColumnsThatAreCalledAsTheSystemsGetOtherNames) {
  application_.exec("CREATE TABLE moved (ctid INTEGER PRIMARY KEY, xmin TEXT); INSERT INTO moved VALUES (1, 'a')");
  program_.start();
  ASSERT_TRUE(logs("[MirrorCopy] moved: 1 rows"));
  application_.exec("ALTER TABLE moved ADD COLUMN xmax; UPDATE moved SET xmin = 'b', xmax = 'c'");
  ASSERT_TRUE(eventually(30s, [&] { return ask("SELECT count(*) FROM pg_attribute WHERE attname = 'xmax_'") == "1"; }))
      << program_.log();
  EXPECT_TRUE(eventually(30s, [&] { return ask("SELECT max(xmax_) FROM moved WHERE xmin_ = 'b'") == "c"; }))
      << program_.log();
}

}  // namespace
}  // namespace pgmirror::tests
