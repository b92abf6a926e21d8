#include "capture/sqlite/catalog.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <string>
#include <vector>

#include "capture/sqlite/table_indexes.hpp"
#include "tests/unit/capture/decoded_database.hpp"

namespace pgmirror::capture::sqlite {
namespace {

using config::TableRules;
using tests::DecodedDatabase;
using Names = std::vector<std::string>;

Names table_names(const DecodedDatabase& database) {
  Names names;
  for (const TableLayoutPtr& table : database.decoder().tables()) names.push_back(table->relation->name);
  return names;
}

Names column_names(const change::Relation& relation) {
  Names names;
  for (const change::Column& column : relation.columns) names.push_back(column.name);
  return names;
}

Names field_names(const TableLayout& layout) {
  Names names;
  for (const StoredField& field : layout.fields) names.push_back(field.name);
  return names;
}

change::RelationPtr relation(const std::string& sql, const TableRules& rules = {}) {
  return DecodedDatabase(sql, rules).decoder().tables().at(0)->relation;
}

TEST(Catalog, LeavesOutWhatIsNoTableOfTheApplication) {
  const DecodedDatabase database(
      "CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT); CREATE VIEW v AS SELECT * FROM t;"
      "CREATE TABLE pgmirror_queue(a); CREATE TABLE secret(a); CREATE VIRTUAL TABLE ft USING fts5(body);"
      "CREATE TABLE ft_notes(a); CREATE VIRTUAL TABLE box USING rtree(id, x, y); CREATE TABLE _keep(a); ANALYZE",
      TableRules({}, {"secret"}, {}));
  EXPECT_EQ(table_names(database), (Names{"t", "ft_notes", "_keep"}));
}

TEST(Catalog, TakesTheNamesakesOfAnUnknownVirtualTableForItsShadows) {
  const DecodedDatabase database(
      "CREATE TABLE near_by(a); CREATE TABLE near_data(a); CREATE TABLE nearest(a);"
      "PRAGMA writable_schema=ON; INSERT INTO sqlite_schema VALUES"
      "('table', 'near', 'near', 0, 'CREATE VIRTUAL TABLE near USING vectors(dim=3)')");
  EXPECT_EQ(table_names(database), Names{"nearest"});
}

/// An index for full text search that this SQLite cannot make: the application has a tokenizer of its own.
TEST(Catalog, KeepsTheNamesakesOfASearchIndexWithAnUnknownTokenizer) {
  const DecodedDatabase database(
      "CREATE TABLE search_data(a); CREATE TABLE search_history(a); CREATE TABLE search_stat(a);"
      "CREATE TABLE \"no\"\"te_stat\"(a); CREATE TABLE \"no\"\"te_tags\"(a); PRAGMA writable_schema=ON;"
      "INSERT INTO sqlite_schema VALUES('table', 'search', 'search', 0,"
      " 'CREATE VIRTUAL TABLE search USING FTS5(body, tokenize=''own'')'), ('table', 'no\"te', 'no\"te', 0,"
      " 'CREATE VIRTUAL TABLE \"no\"\"te\"using fts4 (content=\"elsewhere\", body)')");
  EXPECT_EQ(table_names(database), (Names{"search_history", "search_stat", "no\"te_tags"}));
}

TEST(Catalog, TellsTheAliasOfTheRowidFromItsLookAlikes) {
  EXPECT_EQ(column_names(*relation("CREATE TABLE t(id INTEGER PRIMARY KEY, v)")), (Names{"id", "v"}));
  EXPECT_EQ(column_names(*relation("CREATE TABLE t(id integer, v, PRIMARY KEY(id DESC))")), (Names{"id", "v"}));
  for (const char* const look_alike :
       {"CREATE TABLE t(id INTEGER PRIMARY KEY DESC, v)", "CREATE TABLE t(id INT PRIMARY KEY, v)",
        "CREATE TABLE t(id INTEGER, v, PRIMARY KEY(id, v))"}) {
    const change::RelationPtr table = relation(look_alike);
    EXPECT_TRUE(table->has_row_id) << look_alike;
    EXPECT_EQ(column_names(*table), (Names{"pgmirror_rowid", "id", "v"})) << look_alike;
    EXPECT_EQ(table->key.front(), 1U) << look_alike;
  }
}

TEST(Catalog, KnowsTheStoredOrderWithoutRowid) {
  const DecodedDatabase database(
      "CREATE TABLE t(a, b TEXT, c AS (a||b), d COLLATE NOCASE, e, PRIMARY KEY(d DESC, b, d)) WITHOUT ROWID");
  const TableLayout& layout = *database.table("t");
  EXPECT_EQ(field_names(layout), (Names{"d", "b", "a", "e"}));
  EXPECT_EQ(layout.key_order, (std::vector<KeyField>{{Collation::nocase, true}, {Collation::binary, false}}));
  EXPECT_FALSE(layout.relation->has_row_id);
  EXPECT_EQ(layout.relation->columns[3].collation, "NOCASE");
  EXPECT_TRUE(layout.relation->columns[1].not_null);
}

TEST(Catalog, FallsBackToTheRowidWhereAKeyColumnIsExcluded) {
  const change::RelationPtr table = relation("CREATE TABLE t(id INTEGER PRIMARY KEY, v)", TableRules({}, {}, {"t.id"}));
  EXPECT_EQ(column_names(*table), (Names{"pgmirror_rowid", "v"}));
  EXPECT_TRUE(table->key.empty());
  EXPECT_THROW(relation("CREATE TABLE t(k PRIMARY KEY, v) WITHOUT ROWID", TableRules({}, {}, {"t.k"})),
               std::runtime_error);
}

TEST(Catalog, ReadsIndexesAndForeignKeys) {
  const DecodedDatabase database(
      "CREATE TABLE Parent(Id INTEGER PRIMARY KEY, code TEXT UNIQUE);"
      "CREATE TABLE t(a REFERENCES parent, b COLLATE NOCASE REFERENCES PARENT(CODE), c, d UNIQUE,"
      " FOREIGN KEY(a, b) REFERENCES elsewhere(x, y));"
      "CREATE UNIQUE INDEX i1 ON t(b, a) WHERE c > 'where (' AND a; CREATE INDEX i2 ON t(lower(b));"
      "CREATE INDEX i3 ON t(c COLLATE RTRIM)");
  const change::Relation& table = *database.table("t")->relation;
  ASSERT_EQ(table.indexes.size(), 4U);
  EXPECT_EQ(table.indexes[0].name, "i1");
  EXPECT_TRUE(table.indexes[0].unique);
  EXPECT_EQ(table.indexes[0].columns, (Names{"b", "a"}));
  EXPECT_EQ(table.indexes[0].collations, (Names{"NOCASE", ""}));
  EXPECT_EQ(table.indexes[0].where_sql, "c > 'where (' AND a");
  EXPECT_TRUE(table.indexes[1].columns.empty());
  EXPECT_EQ(table.indexes[2].collations, Names{"RTRIM"});
  EXPECT_EQ(table.indexes[3].columns, Names{"d"});
  ASSERT_EQ(table.foreign_keys.size(), 2U);
  EXPECT_EQ(table.foreign_keys[0].referenced_table, "Parent");
  EXPECT_EQ(table.foreign_keys[0].columns, Names{"a"});
  EXPECT_EQ(table.foreign_keys[0].referenced_columns, Names{"Id"});
  EXPECT_EQ(table.foreign_keys[1].referenced_columns, Names{"code"});
}

TEST(Catalog, LeavesOutIndexesAndForeignKeysOverExcludedColumns) {
  const change::RelationPtr table = relation(
      "CREATE TABLE t(a, b REFERENCES t(a), c); CREATE INDEX i1 ON t(a, b); CREATE INDEX i2 ON t(c) WHERE b > 1;"
      "CREATE INDEX i3 ON t(lower(b)); CREATE INDEX i4 ON t(c)",
      TableRules({}, {}, {"t.b"}));
  ASSERT_EQ(table->indexes.size(), 1U);
  EXPECT_EQ(table->indexes[0].name, "i4");
  EXPECT_TRUE(table->foreign_keys.empty());
}

TEST(Catalog, GivesShortRecordsTheDefaultThatSqliteGives) {
  const DecodedDatabase database(
      "CREATE TABLE t(a); INSERT INTO t VALUES(1);"
      "ALTER TABLE t ADD COLUMN b INT DEFAULT '12'; ALTER TABLE t ADD COLUMN c REAL DEFAULT 3;"
      "ALTER TABLE t ADD COLUMN d TEXT DEFAULT 5; ALTER TABLE t ADD COLUMN e DEFAULT \"word\";"
      "ALTER TABLE t ADD COLUMN f NUMERIC DEFAULT '1.50'; ALTER TABLE t ADD COLUMN g BLOB DEFAULT x'00';"
      "ALTER TABLE t ADD COLUMN h DEFAULT -7; ALTER TABLE t ADD COLUMN i INT DEFAULT (+8)");
  EXPECT_EQ(database.rows("t"), Names{"(1, 1, 12, 3.00000, '5', 'word', 1.50000, x1, -7, 8)"});
}

TEST(Catalog, ReadsDefinitionsWithFunctionsAndCollationsOfTheApplication) {
  DecodedDatabase database("CREATE TABLE unrelated(a)");
  sqlite3_create_function(
      database.native(), "app_function", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, nullptr,
      [](sqlite3_context* context, int, sqlite3_value**) { sqlite3_result_int(context, 1); }, nullptr, nullptr);
  sqlite3_create_collation(database.native(), "app_order", SQLITE_UTF8, nullptr,
                           [](void*, int, const void*, int, const void*) { return 0; });
  EXPECT_EQ(
      database.changes("CREATE TABLE t(a COLLATE app_order CHECK(app_function(a)), b AS (app_function(a)), c AS (a+1));"
                       "CREATE INDEX i ON t(app_function(a)); INSERT INTO t(a) VALUES(4)"),
      (Names{"table nothing -> t (pgmirror_rowid, a, c)", "insert t (1, 4, 5)"}));
  EXPECT_EQ(database.table("t")->uncomputable_columns, Names{"b"});
  EXPECT_EQ(database.table("t")->relation->columns[1].collation, "app_order");
}

TEST(Catalog, NamesTheTableThatThisSqliteCannotRead) {
  const std::string setup =
      "CREATE TABLE t(a); PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql='CREATE TABLE t(a) FROM THE FUTURE'";
  try {
    const DecodedDatabase database(setup);
    FAIL() << "was read";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("table \"t\": SQLite "), std::string::npos) << error.what();
  }
  EXPECT_NO_THROW(DecodedDatabase(setup, TableRules({}, {"t"}, {})));
}

TEST(IndexPredicate, IsWhatFollowsTheLastKeyword) {
  EXPECT_EQ(index_predicate("CREATE INDEX i ON t(a)"), "");
  EXPECT_EQ(index_predicate("CREATE INDEX \"where\" ON [t where](a /* where */) -- where\n where\n a > 1 ;"), "a > 1");
  EXPECT_EQ(index_predicate("CREATE INDEX i ON t(instr(a,' where ')) WHERE b"), "b");
  EXPECT_EQ(index_predicate("CREATE INDEX nowhere ON t(a)"), "");
}

}  // namespace
}  // namespace pgmirror::capture::sqlite
