#include "capture/sqlite/transaction_decoder.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <string>
#include <string_view>
#include <vector>

#include "capture/sqlite/damaged_page.hpp"
#include "capture/sqlite/table_reader.hpp"
#include "tests/unit/capture/decoded_database.hpp"

namespace pgmirror::capture::sqlite {
namespace {

using config::TableRules;
using tests::DecodedDatabase;
using Lines = std::vector<std::string>;

const std::string many = "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<2000) ";

TEST(TransactionDecoder, TellsInsertsUpdatesAndDeletes) {
  DecodedDatabase database("CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT, r REAL)");
  EXPECT_EQ(database.changes("INSERT INTO t VALUES(1,'one',1),(2,'two',2.5),(3,NULL,NULL)"),
            (Lines{"insert t (1, 'one', 1.00000)", "insert t (2, 'two', 2.50000)", "insert t (3, null, null)"}));
  EXPECT_EQ(database.changes("UPDATE t SET v='ein' WHERE id=1; DELETE FROM t WHERE id=2"),
            (Lines{"update t (1, 'ein', 1.00000)", "remove t (2, -, -)"}));
  EXPECT_EQ(database.changes("UPDATE t SET v=v"), Lines{});
}

TEST(TransactionDecoder, TellsOldKeysOnlyWhereTheyChanged) {
  DecodedDatabase database("CREATE TABLE t(k TEXT PRIMARY KEY, v); INSERT INTO t VALUES('a',1),('b',2)");
  EXPECT_EQ(database.changes("UPDATE t SET v=9 WHERE k='a'; UPDATE t SET k='c' WHERE k='b'"),
            (Lines{"update t (1, 'a', 9)", "update t (2, 'c', 2) key (2, 'b', -)"}));
  EXPECT_EQ(database.changes("DELETE FROM t WHERE k='c'"), Lines{"remove t (2, 'c', -)"});
}

TEST(TransactionDecoder, ChangesOfExcludedColumnsAreNobodysBusiness) {
  DecodedDatabase database("CREATE TABLE t(id INTEGER PRIMARY KEY, password, v); INSERT INTO t VALUES(1,'x',1)",
                           TableRules({}, {}, {"t.password"}));
  EXPECT_EQ(database.changes("UPDATE t SET password='y'"), Lines{});
  EXPECT_EQ(database.changes("UPDATE t SET password='z', v=2"), Lines{"update t (1, 2)"});
  EXPECT_EQ(database.rows("t"), Lines{"(1, 2)"});
}

TEST(TransactionDecoder, NoticesAChangeOfOverflowPagesAlone) {
  DecodedDatabase database(
      "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES(1, printf('%.9000c','a')), (2, 'short')");
  const Lines lines = database.changes("UPDATE t SET v = substr(v,1,8999) || 'b' WHERE id=1");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_TRUE(lines[0].starts_with("update t (1, 'aaa"));
  EXPECT_TRUE(lines[0].ends_with("aab')"));
}

TEST(TransactionDecoder, RowsThatOnlyMovedAreNotTold) {
  DecodedDatabase database("CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT);" + many +
                           "INSERT INTO t SELECT i*2, printf('%.*c', i%700, 'x') FROM n");
  EXPECT_EQ(database.changes("INSERT INTO t VALUES(2001, printf('%.900c','y'))").size(), 1U);
  EXPECT_EQ(database.changes("DELETE FROM t WHERE id BETWEEN 1000 AND 3000").size(), 1002U);
  EXPECT_EQ(database.changes("VACUUM"), Lines{});
}

TEST(TransactionDecoder, EmptiesATreeOfManyPages) {
  DecodedDatabase database("CREATE TABLE t(k PRIMARY KEY, v TEXT) WITHOUT ROWID;" + many +
                           "INSERT INTO t SELECT i, printf('%.*c', i%900, 'x') FROM n");
  EXPECT_EQ(database.changes("DELETE FROM t").size(), 2000U);
  EXPECT_EQ(database.changes("INSERT INTO t VALUES(7, 'new')"), Lines{"insert t (7, 'new')"});
}

TEST(TransactionDecoder, KeysThatCollateEqualAreOneRow) {
  DecodedDatabase database(
      "CREATE TABLE t(k COLLATE NOCASE PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO t VALUES('abc',1)");
  EXPECT_EQ(database.changes("UPDATE t SET k='ABC'"), Lines{"update t ('ABC', 1) key ('abc', -)"});
}

TEST(TransactionDecoder, AddedColumnsNeedNoRows) {
  DecodedDatabase database("CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES(1,1),(2,2),(3,3)");
  EXPECT_EQ(database.changes("ALTER TABLE t ADD COLUMN w INT DEFAULT '7'"), Lines{"table t -> t (id, v, w)"});
  EXPECT_EQ(database.rows("t"), (Lines{"(1, 1, 7)", "(2, 2, 7)", "(3, 3, 7)"}));
  EXPECT_EQ(database.changes("UPDATE t SET w=8 WHERE id=2; UPDATE t SET w=7"), Lines{});
  EXPECT_EQ(database.changes("ALTER TABLE t ADD COLUMN x DEFAULT 'd'; UPDATE t SET x='e' WHERE id=3"),
            (Lines{"table t -> t (id, v, w, x)", "update t (3, 3, 7, 'e')"}));
}

TEST(TransactionDecoder, AddedVirtualColumnsAreToldRowByRow) {
  DecodedDatabase database("CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES(1,'a'),(2,NULL)");
  EXPECT_EQ(database.changes("ALTER TABLE t ADD COLUMN u TEXT AS (upper(v))"),
            (Lines{"table t -> t (id, v, u)", "update t (1, 'a', 'A')"}));
  EXPECT_EQ(database.changes("UPDATE t SET v='b' WHERE id=2"), Lines{"update t (2, 'b', 'B')"});
}

TEST(TransactionDecoder, RenamedColumnsKeepTheirValues) {
  DecodedDatabase database("CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT, w INT); INSERT INTO t VALUES(1,'a',1)");
  EXPECT_EQ(database.changes("ALTER TABLE t RENAME COLUMN v TO name"), Lines{"table t -> t (id, name, w) v=name"});
  EXPECT_EQ(database.changes("ALTER TABLE t RENAME COLUMN id TO key; UPDATE t SET key=2"),
            (Lines{"table t -> t (key, name, w) id=key", "remove t (1, -, -)", "insert t (2, 'a', 1)"}));
}

TEST(TransactionDecoder, ColumnsThatChangedPlacesAreNotRenamed) {
  DecodedDatabase database("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b TEXT); INSERT INTO t VALUES(1,'a','b')");
  EXPECT_EQ(
      database.changes("CREATE TABLE n(id INTEGER PRIMARY KEY, b TEXT, a TEXT); INSERT INTO n SELECT id, b, a FROM t;"
                       "DROP TABLE t; ALTER TABLE n RENAME TO t"),
      Lines{"table t -> t (id, b, a)"});
}

TEST(TransactionDecoder, DroppedColumnsLeaveTheOthersAlone) {
  DecodedDatabase database("CREATE TABLE t(id INTEGER PRIMARY KEY, a, b); INSERT INTO t VALUES(1,2,3),(4,5,6)");
  EXPECT_EQ(database.changes("ALTER TABLE t DROP COLUMN a"), Lines{"table t -> t (id, b)"});
  EXPECT_EQ(database.rows("t"), (Lines{"(1, 3)", "(4, 6)"}));
}

TEST(TransactionDecoder, FollowsTablesThatComeGoAndAreRenamed) {
  DecodedDatabase database("CREATE TABLE t(id INTEGER PRIMARY KEY); CREATE TABLE u(a); INSERT INTO t VALUES(1)");
  EXPECT_EQ(database.changes("DROP TABLE u; CREATE TABLE w(b); INSERT INTO w VALUES('x')"),
            (Lines{"table u -> nothing", "table nothing -> w (pgmirror_rowid, b)", "insert w (1, 'x')"}));
  EXPECT_EQ(database.changes("ALTER TABLE t RENAME TO s; INSERT INTO s VALUES(2)"),
            (Lines{"table t -> s (id)", "insert s (2)"}));
}

TEST(TransactionDecoder, TablesRenamedOutOfTheRulesAreGone) {
  DecodedDatabase database("CREATE TABLE t(id INTEGER PRIMARY KEY); INSERT INTO t VALUES(1)",
                           TableRules({}, {"private_*"}, {}));
  EXPECT_EQ(database.changes("ALTER TABLE t RENAME TO private_t"), Lines{"table t -> nothing"});
  EXPECT_EQ(database.changes("INSERT INTO private_t VALUES(2)"), Lines{});
  EXPECT_EQ(database.changes("ALTER TABLE private_t RENAME TO u"),
            (Lines{"table nothing -> u (id)", "insert u (1)", "insert u (2)"}));
}

TEST(TransactionDecoder, AnotherKeyMeansAnotherCopy) {
  DecodedDatabase database("CREATE TABLE t(a, b, PRIMARY KEY(a)) WITHOUT ROWID; INSERT INTO t VALUES(1,2)");
  EXPECT_EQ(database.changes("CREATE TABLE n(a, b, PRIMARY KEY(b)) WITHOUT ROWID; INSERT INTO n SELECT * FROM t;"
                             "DROP TABLE t; ALTER TABLE n RENAME TO t"),
            (Lines{"truncate t", "table t -> t (a, b)", "insert t (1, 2)"}));
}

TEST(TransactionDecoder, RebuiltTablesAreComparedRowByRow) {
  DecodedDatabase database("CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES(1,'a'),(2,'b'),(3,'c')");
  EXPECT_EQ(database.changes("CREATE TABLE n(id INTEGER PRIMARY KEY, v, stamp DEFAULT CURRENT_TIMESTAMP);"
                             "INSERT INTO n SELECT id, v, 'now' FROM t WHERE id<>2; DROP TABLE t;"
                             "ALTER TABLE n RENAME TO t"),
            (Lines{"table t -> t (id, v, stamp)", "update t (1, 'a', 'now')", "remove t (2, -, -)",
                   "update t (3, 'c', 'now')"}));
}

TEST(TransactionDecoder, EqualBytesOfAnotherAffinityAreAnotherValue) {
  DecodedDatabase database("CREATE TABLE t(id INTEGER PRIMARY KEY, v INT); INSERT INTO t VALUES(1,5),(2,NULL)");
  EXPECT_EQ(database.changes("CREATE TABLE n(id INTEGER PRIMARY KEY, v REAL); INSERT INTO n SELECT * FROM t;"
                             "DROP TABLE t; ALTER TABLE n RENAME TO t"),
            (Lines{"table t -> t (id, v)", "update t (1, 5.00000)"}));
}

TEST(TransactionDecoder, TellsAnIndexAsANewDefinition) {
  DecodedDatabase database("CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
  EXPECT_EQ(database.changes("CREATE UNIQUE INDEX i ON t(v)"), Lines{"table t -> t (id, v)"});
  EXPECT_EQ(database.table("t")->relation->indexes.size(), 1U);
  EXPECT_EQ(database.changes("CREATE VIEW w AS SELECT * FROM t"), Lines{});
}

TEST(TransactionDecoder, RelationsStayTheSameObjects) {
  DecodedDatabase database("CREATE TABLE t(id INTEGER PRIMARY KEY, v); CREATE TABLE u(a)");
  const change::RelationPtr before = database.table("t")->relation;
  database.changes("CREATE TABLE w(a); DROP TABLE u");
  EXPECT_EQ(database.table("t")->relation, before);
}

TEST(TransactionDecoder, StartsFromAFileThatWasNeverWritten) {
  DecodedDatabase database("");
  EXPECT_TRUE(database.decoder().tables().empty());
  EXPECT_EQ(database.changes("CREATE TABLE t(a); INSERT INTO t VALUES(5)"),
            (Lines{"table nothing -> t (pgmirror_rowid, a)", "insert t (1, 5)"}));
}

TEST(TransactionDecoder, FollowsAChangeOfThePageSize) {
  DecodedDatabase database("CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT);" + many +
                           "INSERT INTO t SELECT i, printf('%.*c', i%3000, 'x') FROM n");
  EXPECT_EQ(database.changes("DELETE FROM t WHERE id=1000; PRAGMA page_size=8192; VACUUM"),
            Lines{"remove t (1000, -)"});
  EXPECT_EQ(database.changes("UPDATE t SET v='y' WHERE id=1001"), Lines{"update t (1001, 'y')"});
}

TEST(TransactionDecoder, RefusesABuiltInCollationThatTheApplicationReplaced) {
  DecodedDatabase database("CREATE TABLE unrelated(a)");
  sqlite3_create_collation(database.native(), "NOCASE", SQLITE_UTF8, nullptr,
                           [](void*, int left_size, const void* left, int right_size, const void* right) {
                             const std::string_view first{static_cast<const char*>(left), std::size_t(left_size)};
                             const std::string_view second{static_cast<const char*>(right), std::size_t(right_size)};
                             return second.compare(first);
                           });
  EXPECT_THROW(database.changes("CREATE TABLE t(k COLLATE NOCASE PRIMARY KEY) WITHOUT ROWID;"
                                "INSERT INTO t VALUES('a'),('b'),('c')"),
               std::runtime_error);
}

TEST(TransactionDecoder, RefusesAFileThatIsNoDatabase) {
  tests::BytesImage image(std::vector<std::byte>(4096, std::byte{0x5A}), 1024);
  EXPECT_THROW(TransactionDecoder(image, {}), DamagedPage);
}

TEST(TransactionDecoder, RefusesPagesOfTwoCommits) {
  DecodedDatabase database("CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT);" + many +
                           "INSERT INTO t SELECT i, printf('%.*c', i%700, 'x') FROM n");
  tests::BytesImage image = database.image();
  // The root now names one of its children twice.
  const std::size_t root = (database.table("t")->root - 1) * image.page_size();
  std::vector<std::byte>& bytes = image.bytes();
  const auto cell = [&](std::size_t index) {
    const std::size_t pointer = root + 12 + 2 * index;
    return root +
           ((std::to_integer<std::size_t>(bytes[pointer]) << 8U) | std::to_integer<std::size_t>(bytes[pointer + 1]));
  };
  for (std::size_t i = 0; i < 4; ++i) bytes[cell(1) + i] = bytes[cell(0) + i];
  EXPECT_THROW(TransactionDecoder(image, {}), DamagedPage);
}

TEST(TableReader, ReadsInKeyOrderUntilToldToStop) {
  DecodedDatabase database("CREATE TABLE t(id INTEGER PRIMARY KEY);" + many + "INSERT INTO t SELECT 2001-i FROM n");
  std::int64_t last = 0;
  read_table(database.image(), *database.table("t"), [&](change::Tuple row) {
    EXPECT_EQ(row[0].as_integer(), last + 1);
    last = row[0].as_integer();
    return last < 1500;
  });
  EXPECT_EQ(last, 1500);
}

TEST(TableReader, ProfilesWhatColumnsHold) {
  DecodedDatabase database(
      "CREATE TABLE t(id INTEGER PRIMARY KEY, flag BOOLEAN, r REAL, big);"
      "INSERT INTO t VALUES(1,1,1,printf('%.9000c','a')),(2,0,NULL,zeroblob(5)),(3,'yes',2.5,NULL),(4,2,0,1)");
  const change::TableProfile profile = profile_table(database.image(), *database.table("t"));
  EXPECT_EQ(profile.rows, 4U);
  EXPECT_EQ(profile.columns[0].integers, 4U);
  EXPECT_EQ(profile.columns[1].not_boolean, 2U);
  EXPECT_EQ(profile.columns[1].texts, 1U);
  EXPECT_EQ(profile.columns[2].reals, 3U);
  EXPECT_EQ(profile.columns[2].nulls, 1U);
  EXPECT_EQ(profile.columns[3].texts, 1U);
  EXPECT_EQ(profile.columns[3].blobs, 1U);
}

}  // namespace
}  // namespace pgmirror::capture::sqlite
