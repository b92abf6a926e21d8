#include <algorithm>
#include <pqxx/pqxx>
#include <string>
#include <vector>

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

  using Lines = std::vector<std::string>;

  /// Waits for an index of the table whose definition matches.
  testing::AssertionResult has_index(const std::string& table, const std::string& pattern) {
    const bool found = eventually(20s, [&] {
      return !mirror("SELECT FROM pg_indexes WHERE tablename = '" + table + "' AND indexdef LIKE '%" + pattern + "%'")
                  .empty();
    });
    if (found) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "no index of " << table << " is like " << pattern << "\n" << program_.log();
  }
  /// `child(columns) parent`, in order.
  Lines foreign_keys() {
    Lines lines;
    for (const auto& row : mirror("SELECT c.conrelid::regclass || '(' || string_agg(a.attname, ',') || ') ' ||"
                                  " c.confrelid::regclass FROM pg_constraint c JOIN pg_attribute a"
                                  " ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey) WHERE c.contype = 'f'"
                                  " GROUP BY c.oid, c.conrelid, c.confrelid ORDER BY 1")) {
      lines.push_back(row[0].as<std::string>());
    }
    return lines;
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

/// SQLite makes text of them.
TEST_P(SchemaFollow, AddsTextColumnsWhoseDefaultIsANumber) {
  application_does({"ALTER TABLE person ADD COLUMN release TEXT DEFAULT 1.5",
                    "ALTER TABLE person ADD COLUMN version TEXT NOT NULL DEFAULT 20.0",
                    "INSERT INTO person (id, name) VALUES (3, 'three')"});
  EXPECT_TRUE(becomes_same());
}

/// In the mirror such a column cannot be NOT NULL. It was made, or its table was, by the transaction with the value.
TEST_P(SchemaFollow, TakesValuesThatColumnsCannotHoldWhichWereMadeWithThem) {
  application_does(
      {"CREATE TABLE made (id INTEGER PRIMARY KEY, n INT NOT NULL); INSERT INTO made VALUES (1, 1), (2, 'two')",
       "ALTER TABLE person ADD COLUMN level INT NOT NULL DEFAULT 0; UPDATE person SET level = 'high' WHERE id = 2",
       "ALTER TABLE made RENAME TO renamed; INSERT INTO renamed VALUES (3, 'three')",
       "CREATE TABLE other (label TEXT PRIMARY KEY, rank INT NOT NULL, weight);"
       "INSERT INTO other SELECT label, label, weight FROM tag; DROP TABLE tag; ALTER TABLE other RENAME TO tag"});
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

/// As an application does that fills a new table beside the old one and then exchanges them.
TEST_P(SchemaFollow, ExchangesTheNamesOfTwoTables) {
  application_does(
      {"CREATE TABLE a (id INTEGER PRIMARY KEY, v TEXT, only_a TEXT); CREATE UNIQUE INDEX a_v ON a (v);"
       "CREATE TABLE b (id INTEGER PRIMARY KEY, v BLOB NOT NULL, only_b REAL); CREATE INDEX b_only ON b (only_b);"
       "CREATE TABLE child (id INTEGER PRIMARY KEY, a_id INTEGER REFERENCES a (id), b_id INTEGER REFERENCES b (id));"
       "INSERT INTO a VALUES (1, 'a one', 'x'), (2, 'a two', 'y');"
       "INSERT INTO b VALUES (1, x'b1', 1.5), (3, x'b3', 2.5), (4, x'b4', 0.25);"
       "INSERT INTO child VALUES (1, 1, 1), (2, 2, 3)",
       "ALTER TABLE a RENAME TO tmp; ALTER TABLE b RENAME TO a; ALTER TABLE tmp RENAME TO b",
       "INSERT INTO a VALUES (9, x'09', 9); INSERT INTO b VALUES (9, 'nine', 'z')"});
  EXPECT_TRUE(becomes_same());
  EXPECT_TRUE(has_index("b", "UNIQUE%(v)"));
  EXPECT_TRUE(has_index("a", "(only_b)"));
  EXPECT_EQ(foreign_keys(), (Lines{"child(a_id) b", "child(b_id) a"}));
}

TEST_P(SchemaFollow, PassesNamesOnAlongAChain) {
  application_does(
      {"CREATE TABLE a (id INTEGER PRIMARY KEY, v); CREATE TABLE b (id INTEGER PRIMARY KEY, w TEXT);"
       "INSERT INTO a VALUES (1, 'of a'), (2, 2); INSERT INTO b VALUES (1, 'of b'), (5, 'five')",
       "ALTER TABLE b RENAME TO c; ALTER TABLE a RENAME TO b; CREATE TABLE a (id INTEGER PRIMARY KEY, fresh REAL);"
       "INSERT INTO a VALUES (7, 0.5); INSERT INTO b VALUES (3, 'three'); DELETE FROM c WHERE id = 5",
       "INSERT INTO c VALUES (6, 'six'); UPDATE b SET v = 'changed' WHERE id = 1"});
  EXPECT_TRUE(becomes_same_but_dropped());
}

TEST_P(SchemaFollow, GivesTheNameOfADroppedTableToAnother) {
  application_does({"DROP TABLE note; ALTER TABLE tag RENAME TO note; INSERT INTO note VALUES ('z', 1)",
                    "UPDATE note SET weight = 7 WHERE label = 'x'",
                    "DROP TABLE person; ALTER TABLE note RENAME TO person; CREATE TABLE note (x)",
                    "INSERT INTO note VALUES (x'00')"});
  EXPECT_TRUE(becomes_same_but_dropped());
}

TEST_P(SchemaFollow, ExchangesTheNamesOfTwoColumns) {
  application_does(
      {"CREATE TABLE pair (id INTEGER PRIMARY KEY, a TEXT, b TEXT, n INT, p BLOB); CREATE UNIQUE INDEX pair_a ON pair "
       "(a); INSERT INTO pair VALUES (1, 'a1', 'same', 1, x'01'), (2, 'a2', 'same', 2, x'02'), (3, NULL, 'b', 3, "
       "NULL)",
       "ALTER TABLE pair RENAME COLUMN a TO tmp; ALTER TABLE pair RENAME COLUMN b TO a;"
       "ALTER TABLE pair RENAME COLUMN tmp TO b",
       "INSERT INTO pair VALUES (4, 'same', 'b4', 4, x'04')",
       "ALTER TABLE pair RENAME COLUMN n TO tmp; ALTER TABLE pair RENAME COLUMN p TO n;"
       "ALTER TABLE pair RENAME COLUMN tmp TO p; ALTER TABLE pair ADD COLUMN added TEXT DEFAULT 'new';"
       "ALTER TABLE pair DROP COLUMN a",
       "INSERT INTO pair (id, b, n, p) VALUES (5, 'b5', x'0505', 50)"});
  EXPECT_TRUE(becomes_same());
  EXPECT_TRUE(has_index("pair", "UNIQUE%(b)"));
}

TEST_P(SchemaFollow, RebuildsATableWithOtherNamesAndTypes) {
  application_does(
      {"CREATE TABLE made (id INTEGER PRIMARY KEY, born TEXT, size INT, data TEXT);"
       "INSERT INTO made VALUES (1, 'x', 5, 'd1'), (2, 'y', 6, 'd2')",
       "CREATE TABLE made_new (id INTEGER PRIMARY KEY, birth INT, size TEXT, data BLOB);"
       "INSERT INTO made_new SELECT id, length(born), 'size ' || size, CAST(data AS BLOB) FROM made;"
       "DROP TABLE made; ALTER TABLE made_new RENAME TO made",
       "INSERT INTO made VALUES (3, 1, 'z', x'ff')"});
  EXPECT_TRUE(becomes_same());
}

TEST_P(SchemaFollow, MovesThePrimaryKeyToAnotherColumn) {
  application_does(
      {"CREATE TABLE moved (a INT NOT NULL, b INT NOT NULL, v, PRIMARY KEY (a));"
       "CREATE TABLE child (id INTEGER PRIMARY KEY, b INT REFERENCES moved (b));"
       "CREATE UNIQUE INDEX moved_b ON moved (b);"
       "INSERT INTO moved VALUES (1, 10, 'x'), (2, 20, 'y'); INSERT INTO child VALUES (1, 10)",
       "CREATE TABLE moved_new (a INT NOT NULL, b INT NOT NULL, v, PRIMARY KEY (b));"
       "INSERT INTO moved_new SELECT * FROM moved; DROP TABLE moved; ALTER TABLE moved_new RENAME TO moved;"
       "INSERT INTO moved VALUES (1, 30, 'twice')",
       "DELETE FROM moved WHERE b = 20"});
  EXPECT_TRUE(becomes_same_but_dropped());
  EXPECT_EQ(foreign_keys(), (Lines{"child(b) moved"}));
}

TEST_P(SchemaFollow, TurnsARowidTableIntoOneWithout) {
  application_does(
      {"CREATE TABLE tag_new (label TEXT PRIMARY KEY, weight) WITHOUT ROWID;"
       "INSERT INTO tag_new SELECT * FROM tag; DROP TABLE tag; ALTER TABLE tag_new RENAME TO tag;"
       "INSERT INTO tag VALUES ('z', 2.5)",
       "UPDATE tag SET weight = NULL WHERE label = 'x'",
       "CREATE TABLE note_new (a, b, PRIMARY KEY (a)) WITHOUT ROWID;"
       "INSERT INTO note_new SELECT * FROM note; DROP TABLE note; ALTER TABLE note_new RENAME TO note"});
  EXPECT_TRUE(becomes_same_but_dropped());
}

/// The mirror goes on telling its rows apart by rowid, and gets all of them again.
TEST_P(SchemaFollow, DeclaresAKeyForATableThatHadNone) {
  application_does(
      {"CREATE TABLE note_new (a INT, b, PRIMARY KEY (a)); INSERT INTO note_new SELECT * FROM note;"
       "DROP TABLE note; ALTER TABLE note_new RENAME TO note; INSERT INTO note VALUES (9, 'nine')",
       "UPDATE note SET b = 'more' WHERE a = 3"});
  EXPECT_TRUE(becomes_same_but_dropped());
  EXPECT_EQ(program_.log().find("not as they had been left"), std::string::npos)
      << "no row may look as if somebody else had changed it\n"
      << program_.log();
}

TEST_P(SchemaFollow, GivesTheNameOfAnIndexAwayWithItsTable) {
  application_does({"CREATE INDEX by_a ON note (a)", "DROP TABLE note", "CREATE INDEX by_a ON tag (weight)"});
  EXPECT_TRUE(becomes_same_but_dropped());
  EXPECT_TRUE(has_index("tag", "by_a%(weight)"));
}

/// A view of somebody else holds the column fast.
TEST_P(SchemaFollow, StopsATableAloneThatCannotFollow) {
  mirror("CREATE VIEW ages AS SELECT age FROM person");
  application_does({"ALTER TABLE person DROP COLUMN age", "INSERT INTO note VALUES (9, 9)",
                    "INSERT INTO person VALUES (9, 'nine')"});
  EXPECT_TRUE(eventually(60s, [&] { return mirror("SELECT FROM note WHERE a = 9").size() == 1; })) << program_.log();
  EXPECT_EQ(mirror("SELECT last_error FROM pgmirror.tables WHERE table_name = 'person' AND state = 'stopped'").size(),
            1);
  mirror("DROP VIEW ages");
  EXPECT_EQ(program_.command({"resync", "person"}).end, ProgramEnd{});
  EXPECT_TRUE(becomes_same_but_dropped());
}

/// The rows of the same transaction make the index possible.
TEST_P(SchemaFollow, MakesAUniqueIndexOverRowsThatWereNotUniqueBefore) {
  application_does({"INSERT INTO person VALUES (3, 'one', 3), (4, 'two', 4)",
                    "UPDATE person SET name = name || id WHERE id > 2; INSERT INTO person VALUES (5, 'five', 5);"
                    "CREATE UNIQUE INDEX person_name ON person (name)",
                    "UPDATE person SET name = 'free' WHERE id = 1; UPDATE person SET name = 'one' WHERE id = 2;"
                    "UPDATE person SET name = 'two' WHERE id = 1"});
  EXPECT_TRUE(becomes_same());
  EXPECT_TRUE(has_index("person", "UNIQUE%(name)"));
}

TEST_P(SchemaFollow, ChangesOnlyTheCaseOfNames) {
  application_does({"ALTER TABLE tag RENAME TO tmp; ALTER TABLE tmp RENAME TO Tag", "INSERT INTO tag VALUES ('z', 1)",
                    "ALTER TABLE person RENAME COLUMN name TO NAME", "UPDATE person SET name = 'eins' WHERE id = 1",
                    "ALTER TABLE Tag RENAME TO tmp; ALTER TABLE tmp RENAME TO TAG;"
                    "ALTER TABLE TAG RENAME COLUMN label TO Label"});
  EXPECT_TRUE(becomes_same_but_dropped());
}

TEST_P(SchemaFollow, QuotesNames) {
  application_does(
      {"CREATE TABLE \"my \"\"odd\"\" táble; --\" (\"primary key\" INTEGER PRIMARY KEY, \"select\" TEXT);"
       "INSERT INTO \"my \"\"odd\"\" táble; --\" VALUES (1, 'q')",
       "ALTER TABLE \"my \"\"odd\"\" táble; --\" RENAME COLUMN \"select\" TO \"from 'there'\"",
       "ALTER TABLE \"my \"\"odd\"\" táble; --\" RENAME TO \"order\"; CREATE INDEX \"in\"\"dex\" ON \"order\" (\"from "
       "'there'\")"});
  EXPECT_TRUE(becomes_same());
}

/// Names that are the same up to where PostgreSQL cuts them.
TEST_P(SchemaFollow, TellsLongNamesApart) {
  const std::string words(70, 'w');
  application_does(
      {"CREATE TABLE " + words + "1 (id INTEGER PRIMARY KEY, " + words + "a TEXT, " + words + "b TEXT);" +
           "CREATE TABLE " + words + "2 (id INTEGER PRIMARY KEY, " + words + "a TEXT);" + "INSERT INTO " + words +
           "1 VALUES (1, 'a', 'b'); INSERT INTO " + words + "2 VALUES (2, 'x')",
       "ALTER TABLE " + words + "1 RENAME COLUMN " + words + "a TO " + words + "c",
       "ALTER TABLE " + words + "1 RENAME TO " + words + "3; INSERT INTO " + words + "3 VALUES (4, 'c', 'd')"});
  Lines found;
  const auto look = [&] {
    found.clear();
    for (const auto& row : mirror("SELECT table_name FROM pgmirror.tables WHERE state = 'live' AND table_name LIKE "
                                  "'wwww%' ORDER BY rows, table_name")) {
      const auto table = row[0].as<std::string>();
      try {
        for (const auto& content : mirror("SELECT t::text FROM " + table + " t ORDER BY id")) {
          found.push_back(content[0].as<std::string>());
        }
      } catch (const pqxx::undefined_table&) {
        return false;  // renamed since we were told its name
      }
    }
    std::ranges::sort(found);
    return found == Lines{"(1,a,b)", "(2,x)", "(4,c,d)"};
  };
  EXPECT_TRUE(eventually(30s, look)) << testing::PrintToString(found) << program_.log();
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
