#include <fmt/format.h>

#include "tests/scenario/postgres_mirror/hostile_mirror.hpp"

namespace pgmirror::tests {
namespace {

class HostileObjects : public HostileMirror {
 protected:
  std::string findings() { return pair_.program().command({"doctor"}).output; }
};

TEST_F(HostileObjects, I6_OneNameInThreeSchemasIsThreeTables) {
  mirror_first(
      "CREATE SCHEMA a; CREATE SCHEMA b; CREATE SCHEMA \"A\"; CREATE TABLE a.t(id int PRIMARY KEY, v text);"
      "CREATE TABLE b.t(id int PRIMARY KEY, v text); CREATE TABLE \"A\".t(id text PRIMARY KEY, n numeric);"
      "INSERT INTO a.t VALUES (1, 'a'); INSERT INTO b.t VALUES (1, 'b'), (2, 'b'); INSERT INTO \"A\".t VALUES ('1', "
      "7)");
  tell_source("UPDATE a.t SET v = 'changed'; INSERT INTO b.t VALUES (3, 'b'); DELETE FROM \"A\".t");
  tell_source("TRUNCATE b.t; INSERT INTO a.t VALUES (2, 'a')");
  EXPECT_TRUE(pair_.becomes_same());
}

TEST_F(HostileObjects, I7_RenamedTableLeavesItsNameToAnotherAtOnce) {
  mirror_first("CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t SELECT g, g FROM generate_series(1, 50) g");
  tell_source(
      "BEGIN; INSERT INTO t VALUES (100, 'old'); ALTER TABLE t RENAME TO t2; CREATE TABLE t(id int PRIMARY KEY, other "
      "date); INSERT INTO t VALUES (1, '2026-01-01'); INSERT INTO t2 VALUES (101, 'old'); COMMIT");
  tell_source("UPDATE t2 SET v = 'x' WHERE id < 10; DELETE FROM t2 WHERE id = 11; INSERT INTO t VALUES (11, NULL)");
  EXPECT_TRUE(pair_.becomes_same());
}

/// Functions and operators that would be taken for the system's own: in the mirror where its search path is the usual
/// one, in the source even where the database looks into the strangers' schema first.
TEST_F(HostileObjects, I8_FunctionsOfStrangersAreNotCalled) {
  tell_source("CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a'), (2, 'b')");
  for (const auto& side : {pair_.source(), pair_.mirror()}) {
    for (const char* function :
         {"now() RETURNS timestamptz", "set_config(text, text, boolean) RETURNS text",
          "current_setting(text) RETURNS text", "pg_backend_pid() RETURNS int", "version() RETURNS text",
          "count(int) RETURNS bigint", "clock_timestamp() RETURNS timestamptz", "lower(text) RETURNS text",
          "texteq(text, text) RETURNS boolean", "oideq(oid, oid) RETURNS boolean", "inteq(int, int) RETURNS boolean",
          "nameeq(name, name) RETURNS boolean", "nametexteq(name, text) RETURNS boolean",
          "has_table_privilege(oid, text) RETURNS boolean", "pg_current_wal_lsn() RETURNS pg_lsn"}) {
      tell(side, fmt::format("CREATE FUNCTION public.{} LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$",
                             function));
    }
    for (const char* trap : {"texteq, LEFTARG = text, RIGHTARG = text", "oideq, LEFTARG = oid, RIGHTARG = oid",
                             "inteq, LEFTARG = int, RIGHTARG = int", "nameeq, LEFTARG = name, RIGHTARG = name",
                             "nametexteq, LEFTARG = name, RIGHTARG = text"}) {
      tell(side, fmt::format("CREATE OPERATOR public.= (FUNCTION = public.{})", trap));
    }
  }
  tell_source("ALTER DATABASE " + pair_.source().database + " SET search_path = public, pg_catalog");
  pair_.program().start();
  EXPECT_TRUE(pair_.becomes_same());
  pair_.run("SET search_path = pg_catalog, public",
            "UPDATE t SET v = 'changed' WHERE id = 1; DELETE FROM t WHERE id = 2; INSERT INTO t VALUES (3, 'c')");
  EXPECT_TRUE(pair_.becomes_same());
  pair_.run("SET search_path = pg_catalog, public", "ALTER TABLE t ADD n int DEFAULT 5");
  EXPECT_TRUE(pair_.becomes_same());
  const FinishedProgram verified = pair_.program().command({"verify"});
  EXPECT_EQ(verified.end, ProgramEnd{}) << verified.output;
  EXPECT_EQ(pair_.program().log().find("trapped"), std::string::npos) << pair_.program().log();
}

TEST_F(HostileObjects, K9_NullableUniqueIndexIsNoIdentity) {
  mirror_first("CREATE TABLE t(u int UNIQUE, v text); INSERT INTO t VALUES (NULL, 'a'), (NULL, 'a'), (1, 'b')");
  EXPECT_NE(findings().find("only inserts"), std::string::npos) << findings();
  tell_source("INSERT INTO t VALUES (NULL, 'c'), (NULL, 'c'), (2, 'd')");
  EXPECT_TRUE(pair_.becomes_same());
  EXPECT_NO_THROW(tell_source("UPDATE t SET v = 'x' WHERE u = 1")) << "the application's update fails because of us";
}

TEST_F(HostileObjects, K17_UniqueIndexOfTheMirrorAloneStopsItsTableAlone) {
  mirror_first(
      "CREATE TABLE t(id int PRIMARY KEY, v text); CREATE TABLE other(id int PRIMARY KEY, v text);"
      "INSERT INTO t VALUES (1, 'a'), (2, 'b')");
  tell_mirror(
      "CREATE UNIQUE INDEX theirs ON t(v); ALTER TABLE other ADD extra int DEFAULT 7; ALTER TABLE other ADD "
      "CHECK (extra = 7)");
  tell_source("INSERT INTO other VALUES (1, 'x'); INSERT INTO t VALUES (3, 'a')");
  EXPECT_TRUE(pair_.logs("theirs"));
  EXPECT_TRUE(eventually(30s, [&] { return ask_mirror("SELECT count(*) FROM other WHERE extra = 7") == "1"; }));
  tell_source("UPDATE other SET v = 'y'");
  EXPECT_TRUE(eventually(30s, [&] { return ask_mirror("SELECT v FROM other") == "y"; })) << pair_.program().log();
  EXPECT_FALSE(healthy());
  tell_mirror("DROP INDEX theirs; ALTER TABLE other DROP extra");
  EXPECT_EQ(pair_.program().command({"resync", "public.t"}).end, ProgramEnd{});
  EXPECT_TRUE(pair_.becomes_same());
}

TEST_F(HostileObjects, D10_PublicationMadeAnewIsRefusedByNameAndHealed) {
  mirror_first("CREATE TABLE t(id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 100)");
  const std::string name = ask_source("SELECT min(pubname) FROM pg_publication");
  tell_source("INSERT INTO t VALUES (200); DROP PUBLICATION " + name);
  tell_source("INSERT INTO t VALUES (201)");
  tell_source("CREATE PUBLICATION " + name + " FOR TABLE t");
  EXPECT_EQ(pair_.program().wait(60s), (ProgramEnd{.exit_code = 78})) << pair_.program().log();
  EXPECT_TRUE(pair_.logs("publication"));
  EXPECT_EQ(slots(), "1") << "nothing is dropped or made without a word";
  EXPECT_EQ(pair_.program().command({"resync", "--all", "--yes"}).end, ProgramEnd{});
  pair_.program().start();
  EXPECT_TRUE(pair_.becomes_same());
}

TEST_F(HostileObjects, D18_InheritedTablesAreTablesOfTheirOwn) {
  mirror_first(
      "CREATE TABLE p(id int PRIMARY KEY, v text); CREATE TABLE c(extra int, PRIMARY KEY (id)) INHERITS (p);"
      "INSERT INTO p VALUES (1, 'p'), (2, 'p'); INSERT INTO c VALUES (1, 'c', 7), (3, 'c', 8)");
  tell_source("UPDATE p SET v = v || 'x'; INSERT INTO c VALUES (4, 'c', 9)");
  tell_source("DELETE FROM ONLY p WHERE id = 1; UPDATE c SET id = 30 WHERE id = 3");
  EXPECT_TRUE(pair_.becomes_same());
  EXPECT_EQ(pair_.program().command({"verify"}).end, ProgramEnd{});
}

TEST_F(HostileObjects, D20_ViewsThatTheRulesNameAreReportedAndKeepNothingAway) {
  pair_.program().set("MIRROR_INCLUDE_TABLES", "t,mv,v");
  tell_source(
      "CREATE TABLE t(id int PRIMARY KEY); INSERT INTO t VALUES (1); CREATE MATERIALIZED VIEW mv AS SELECT id FROM t;"
      "CREATE VIEW v AS SELECT id FROM t");
  EXPECT_NE(findings().find("rule mv"), std::string::npos) << findings();
  EXPECT_NE(findings().find("rule v"), std::string::npos) << findings();
  pair_.program().start();
  EXPECT_TRUE(pair_.becomes_same());
  tell_source("REFRESH MATERIALIZED VIEW mv");
  tell_source("INSERT INTO t VALUES (2)");
  EXPECT_TRUE(pair_.becomes_same());
}

TEST_F(HostileObjects, T17_DoctorSaysWhichExtensionsTheMirrorLacks) {
  tell_source(
      "CREATE EXTENSION citext; CREATE EXTENSION hstore; CREATE EXTENSION ltree; CREATE EXTENSION pg_trgm;"
      "CREATE TABLE a(id int PRIMARY KEY, v citext); CREATE TABLE b(id int PRIMARY KEY, v hstore[]);"
      "CREATE TABLE secret(id int PRIMARY KEY, v ltree)");
  pair_.program().set("MIRROR_EXCLUDE_TABLES", "secret");
  tell_mirror("CREATE EXTENSION hstore");
  const std::string ours = findings();
  EXPECT_NE(ours.find("extension citext, which the source uses, will be made"), std::string::npos) << ours;
  EXPECT_NE(ours.find("extension hstore, which the source uses, is there"), std::string::npos) << ours;
  EXPECT_EQ(ours.find("ltree"), std::string::npos) << ours;
  EXPECT_EQ(ours.find("pg_trgm"), std::string::npos) << "no table has a type of it\n" << ours;

  tell_mirror("CREATE ROLE guest LOGIN PASSWORD 'S3cret-tok'");
  config::ConnectionSettings settings = pair_.mirror();
  settings.user = "guest";
  settings.password = "S3cret-tok";
  pair_.program().set("MIRROR_DB_URL", connection_url(settings));
  const std::string others = findings();
  EXPECT_NE(others.find("extension citext is not made and the role may not make it"), std::string::npos) << others;
  const std::string sql = pair_.program().command({"doctor", "--print-sql"}).output;
  EXPECT_NE(sql.find("CREATE EXTENSION \"citext\";"), std::string::npos) << sql;
  EXPECT_EQ(sql.find("CREATE EXTENSION \"hstore\";"), std::string::npos) << sql;
  tell_mirror("DROP ROLE guest");
}

/// Two spellings are one citext key; an update may change the spelling alone.
TEST_F(HostileObjects, T17_TypesOfExtensionsComeWithThem) {
  mirror_first(
      "CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION ltree; CREATE EXTENSION cube;"
      "CREATE TABLE t(k citext PRIMARY KEY, h hstore, l ltree, c cube, a citext[]);"
      "INSERT INTO t VALUES ('Abc', 'a=>1, b=>NULL, \"c d\"=>\"=>\"', 'Top.Science', '(1,2),(3,4)', '{Ab,aB}'),"
      "('zz', '', '', '(0)', NULL)");
  tell_source("UPDATE t SET k = 'ABC' WHERE k = 'abc'");
  tell_source("UPDATE t SET h = h || 'x=>\"\\\"\"' WHERE k = 'aBc'; DELETE FROM t WHERE k = 'ZZ'");
  tell_source("INSERT INTO t VALUES ('new', 'k=>v', 'a.b', '(1)', '{}')");
  EXPECT_TRUE(pair_.becomes_same());
}

TEST_F(HostileObjects, T28_WideAndLongRowsPass) {
  std::string columns = "id int PRIMARY KEY";
  for (int column = 1; column < 1600; ++column) columns += fmt::format(", c{} smallint", column);
  mirror_first("CREATE TABLE wide(" + columns + "); INSERT INTO wide(id, c1, c1599) VALUES (1, 2, 3);" +
               "CREATE TABLE long(id int PRIMARY KEY, v text); INSERT INTO long VALUES (1, repeat('x', 30000000))");
  tell_source("INSERT INTO wide(id, c800) VALUES (2, 4); UPDATE wide SET c1599 = 9; DELETE FROM wide WHERE id = 1");
  tell_source(
      "INSERT INTO long VALUES (2, repeat('yz', 15000000)); UPDATE long SET v = repeat('w', 30000000) WHERE id = 1");
  EXPECT_TRUE(pair_.becomes_same());
}

TEST_F(HostileObjects, C11_HostileNamesReachNoStatement) {
  const std::string database = "we\"ird'; DROP TABLE t; --";
  config::ConnectionSettings source = pair_.source();
  tell(source, "CREATE DATABASE \"we\"\"ird'; DROP TABLE t; --\"");
  source.database = database;
  tell(
      source,
      "CREATE SCHEMA \"s\"\"; DROP SCHEMA public; --\"; SET search_path = \"s\"\"; DROP SCHEMA public; --\";"
      "CREATE TYPE \"e\"\"'\" AS ENUM ('l''\"\"; --'); CREATE SEQUENCE \"q\"\"'\"; CREATE TABLE \"t\"\"'; "
      "--\"(\"i\"\"'d\" "
      "int PRIMARY KEY, \"$1\" \"e\"\"'\", \"%s{}\" text DEFAULT '\"'';', CONSTRAINT \"c\"\"'\" CHECK (\"i\"\"'d\" > "
      "0));"
      "CREATE INDEX \"i\"\"'x\" ON \"t\"\"'; --\"(\"%s{}\"); COMMENT ON TABLE \"t\"\"'; --\" IS '''; DROP TABLE t; --';"
      "INSERT INTO \"t\"\"'; --\" VALUES (1, 'l''\"\"; --', 'a')");
  pair_.program().set("MIRROR_SOURCE_URL", connection_url(source));
  pair_.program().set("MIRROR_LOG_LEVEL", "trace");
  pair_.program().start();
  const auto same = [&] {
    auto result = eventually(60s, [&] { return same_database(source, pair_.mirror()); });
    if (!result) result << pair_.program().log();
    return result;
  };
  EXPECT_TRUE(same());
  tell(source,
       "SET search_path = \"s\"\"; DROP SCHEMA public; --\"; UPDATE \"t\"\"'; --\" SET \"%s{}\" = 'b'; ALTER TABLE "
       "\"t\"\"'; --\" ADD \"new\"\"'; --\" int DEFAULT 3; ALTER TYPE \"e\"\"'\" ADD VALUE 'x''y'");
  tell(source,
       "SET search_path = \"s\"\"; DROP SCHEMA public; --\"; INSERT INTO \"t\"\"'; --\" VALUES (2, 'x''y', 'c', 4);"
       "DELETE FROM \"t\"\"'; --\" WHERE \"i\"\"'d\" = 1");
  EXPECT_TRUE(same());
  EXPECT_EQ(pair_.program().command({"verify"}).end, ProgramEnd{});
  EXPECT_EQ(pair_.program().stop(), ProgramEnd{});
  EXPECT_EQ(pair_.program().command({"teardown", "--yes"}).end, ProgramEnd{});
  EXPECT_EQ(ask(source, "SELECT count(*) FROM pg_publication"), "0");
}

}  // namespace
}  // namespace pgmirror::tests
