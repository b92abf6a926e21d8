#include <gtest/gtest.h>

#include <fmt/format.h>

#include <thread>

#include "sinks/postgres/checkpoint.hpp"
#include "sinks/postgres/control_schema.hpp"
#include "sinks/postgres/initial_copy.hpp"
#include "sinks/postgres/odd_values.hpp"
#include "tests/scenario/postgres_sink/hand_made_snapshot.hpp"
#include "tests/scenario/postgres_sink/mirror_database.hpp"
#include "tests/support/tcp_proxy.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using change::TypeFamily;
using tests::blob;
using tests::column;
using tests::HandMadeSnapshot;
using tests::integer;
using tests::nothing;
using tests::real;
using tests::Row;
using tests::table_with_id;
using tests::table_with_row_id;
using tests::text;
using Lines = std::vector<std::string>;

InitialCopy::Outcome copy(tests::MirrorDatabase& database, HandMadeSnapshot& snapshot,
                          std::set<std::string> resync = {}, std::stop_token stop = {}) {
  const SchemaBuilder builder = database.builder();
  builder.prepare(database.connection, snapshot);
  return InitialCopy(builder, database.epoch, std::move(resync)).run(database.connection, snapshot, stop);
}

change::Relation numbers(const std::string& name) {
  return table_with_id(name, {column("name", "TEXT", TypeFamily::text), column("score", "REAL", TypeFamily::real)});
}

Row number_row(std::uint64_t number) {
  return {integer(static_cast<std::int64_t>(number)), text(fmt::format("name {}", number)),
          real(static_cast<double>(number) / 2)};
}

TEST(InitialCopy, FillsEveryTableAndSaysFromWhere) {
  tests::MirrorDatabase database;
  HandMadeSnapshot snapshot(17);
  snapshot.add(numbers("a"), 50000, number_row);
  snapshot.add(numbers("b"), 0, number_row);
  snapshot.add(table_with_row_id("c", {column("v", "", TypeFamily::any)}), {{integer(3), nothing()}});
  const InitialCopy::Outcome outcome = copy(database, snapshot);
  EXPECT_TRUE(outcome.complete);
  EXPECT_EQ(outcome.tables, 3U);
  EXPECT_EQ(outcome.rows, 50001U);
  EXPECT_EQ(database.rows("SELECT count(*), sum(id), sum(score), max(length(name)) FROM a"),
            Lines{"50000|1249975000|624987500|10"});
  EXPECT_EQ(database.rows("SELECT pgmirror_rowid, v FROM c"), Lines{"3|~"});
  EXPECT_EQ(database.rows("SELECT table_name, state, copied_at, rows FROM pgmirror.tables ORDER BY 1"),
            (Lines{"a|live|17|50000", "b|live|17|0", "c|live|17|1"}));
  EXPECT_EQ(InitialCopy::start_position(database.connection, "mirror"), change::Position{17});
}

TEST(InitialCopy, KeepsOddValuesAside) {
  tests::MirrorDatabase database;
  HandMadeSnapshot snapshot;
  snapshot.add(
      table_with_id("t", {tests::required(column("name", "TEXT", TypeFamily::text)), column("v", "", TypeFamily::any)}),
      {{integer(1), text("fine"), integer(5)},
       {integer(2), text(std::string("nul\0", 4)), text("5")},
       {integer(3), text("fine"), blob("\xFF")},
       {integer(4), text("\xFF"), real(0.5)}});
  const InitialCopy::Outcome outcome = copy(database, snapshot);
  EXPECT_EQ(outcome.odd_values, 4U);
  EXPECT_EQ(database.rows("SELECT id, name, v FROM t ORDER BY id"),
            (Lines{"1|fine|5", "2|~|5", "3|fine|~", "4|~|0.5"}));
  EXPECT_EQ(
      database.rows("SELECT key, column_name, storage_class, raw FROM pgmirror.odd_values ORDER BY key, column_name"),
      (Lines{"[2]|name|text|\\x6e756c00", "[2]|v|text|\\x35", "[3]|v|blob|\\xff", "[4]|name|text|\\xff"}));
}

TEST(InitialCopy, ManyOddValuesNeedNoMemoryOfTheirOwn) {
  tests::MirrorDatabase database;
  HandMadeSnapshot snapshot;
  snapshot.add(table_with_id("t", {column("v", "TEXT", TypeFamily::text)}), 3000, [](std::uint64_t number) -> Row {
    return {integer(static_cast<std::int64_t>(number)), text(std::string(5000, 'x') + '\0')};
  });
  EXPECT_EQ(copy(database, snapshot).odd_values, 3000U);
  EXPECT_EQ(database.rows("SELECT count(*), sum(length(raw)) FROM pgmirror.odd_values"), Lines{"3000|15003000"});
  EXPECT_EQ(database.ask("SELECT count(*) FROM t"), "3000");
}

TEST(InitialCopy, ContinuesAfterACutWithALaterSnapshot) {
  tests::MirrorDatabase database;
  HandMadeSnapshot snapshot(10);
  snapshot.add(numbers("a"), 1000, number_row);
  snapshot.add(numbers("b"), 200000, number_row);
  const SchemaBuilder builder = database.builder();
  builder.prepare(database.connection, snapshot);
  tests::TcpProxy proxy(database.mirror.connection);
  libpq::Connection through(proxy.settings(), "copy");
  snapshot.before_row([&](std::uint64_t row) {
    if (row == 100000) proxy.cut();
  });
  EXPECT_THROW(InitialCopy(builder, database.epoch).run(through, snapshot, {}), libpq::DatabaseError);
  EXPECT_EQ(database.rows("SELECT table_name, state FROM pgmirror.tables ORDER BY 1"), (Lines{"a|live", "b|copying"}));
  EXPECT_EQ(database.ask("SELECT count(*) FROM b"), "0");

  HandMadeSnapshot later(20);
  later.add(numbers("a"), 5, number_row);
  later.add(numbers("b"), 2000, number_row);
  const InitialCopy::Outcome outcome = copy(database, later);
  EXPECT_EQ(outcome.tables, 1U);
  EXPECT_EQ(database.ask("SELECT count(*) FROM a"), "1000");
  EXPECT_EQ(database.ask("SELECT count(*) FROM b"), "2000");
  EXPECT_EQ(database.rows("SELECT table_name, copied_at FROM pgmirror.tables ORDER BY 1"), (Lines{"a|10", "b|20"}));
  EXPECT_EQ(InitialCopy::start_position(database.connection, "mirror"), change::Position{10});
}

TEST(InitialCopy, StopsOnRequestAndLeavesTheTableEmpty) {
  tests::MirrorDatabase database;
  HandMadeSnapshot snapshot;
  snapshot.add(numbers("a"), 200000, number_row);
  std::stop_source stop;
  snapshot.before_row([&](std::uint64_t row) {
    if (row == 1000) stop.request_stop();
  });
  EXPECT_FALSE(copy(database, snapshot, {}, stop.get_token()).complete);
  EXPECT_EQ(database.ask("SELECT count(*) FROM a"), "0");
  EXPECT_EQ(database.ask("SELECT state FROM pgmirror.tables"), "copying");
  EXPECT_EQ(InitialCopy::start_position(database.connection, "mirror"), std::nullopt);
}

TEST(InitialCopy, AFailureOfTheSourceLeavesTheTableEmpty) {
  tests::MirrorDatabase database;
  HandMadeSnapshot snapshot;
  snapshot.add(numbers("a"), 200000, number_row);
  snapshot.before_row([&](std::uint64_t row) {
    if (row == 100000) throw std::runtime_error("page 7 is damaged");
  });
  EXPECT_THROW(copy(database, snapshot), std::runtime_error);
  EXPECT_EQ(database.ask("SELECT count(*) FROM a"), "0");
}

TEST(InitialCopy, ARowThatTheServerRefusesStopsItsTable) {
  tests::MirrorDatabase database;
  database.connection.execute(
      "CREATE TABLE a (id bigint PRIMARY KEY, name text, score double precision CHECK (score < 100))");
  HandMadeSnapshot snapshot;
  snapshot.add(numbers("a"), 200000, number_row);
  copy(database, snapshot);
  EXPECT_EQ(database.ask("SELECT count(*) FROM a"), "0");
  EXPECT_EQ(database.ask("SELECT state FROM pgmirror.tables WHERE table_name = 'a'"), "stopped");
}

TEST(InitialCopy, WillNotMixWithRowsThatStandThere) {
  tests::MirrorDatabase database;
  database.connection.execute(
      "CREATE TABLE a (id bigint PRIMARY KEY, name text, score double precision); INSERT INTO a VALUES (-1, 'old', 0)");
  HandMadeSnapshot snapshot;
  snapshot.add(numbers("a"), 10, number_row);
  try {
    copy(database, snapshot);
    FAIL() << "copied";
  } catch (const TableNotEmpty& error) {
    EXPECT_NE(std::string(error.what()).find("pgmirror resync a"), std::string::npos) << error.what();
  }
  EXPECT_EQ(database.ask("SELECT name FROM a"), "old");
  EXPECT_EQ(copy(database, snapshot, {"a"}).rows, 10U);
  EXPECT_EQ(database.ask("SELECT count(*) FROM a"), "10");
}

TEST(InitialCopy, AResyncReplacesALiveTableAndItsOddValues) {
  tests::MirrorDatabase database;
  HandMadeSnapshot snapshot(1);
  snapshot.add(table_with_id("t", {column("v", "TEXT", TypeFamily::text)}), {{integer(1), blob("x")}});
  copy(database, snapshot);
  HandMadeSnapshot later(9);
  later.add(table_with_id("t", {column("v", "TEXT", TypeFamily::text)}),
            {{integer(1), text("x")}, {integer(2), text("y")}});
  EXPECT_EQ(copy(database, later).tables, 0U);
  EXPECT_EQ(copy(database, later, {"t"}).tables, 1U);
  EXPECT_EQ(database.rows("SELECT id, v FROM t ORDER BY id"), (Lines{"1|x", "2|y"}));
  EXPECT_EQ(database.ask("SELECT count(*) FROM pgmirror.odd_values"), "0");
  EXPECT_EQ(database.ask("SELECT copied_at FROM pgmirror.tables"), "9");
}

TEST(InitialCopy, AResyncMakesATableAnewWhoseKeyChanged) {
  tests::MirrorDatabase database;
  HandMadeSnapshot snapshot(1);
  snapshot.add(table_with_id("t", {column("v", "TEXT", TypeFamily::text)}), {{integer(1), text("x")}});
  copy(database, snapshot);
  change::Relation rekeyed = table_with_id("t", {column("v", "TEXT", TypeFamily::text)});
  rekeyed.key = {1};
  HandMadeSnapshot later(2);
  later.add(rekeyed, {{integer(1), text("x")}});
  EXPECT_EQ(copy(database, later, {"t"}).tables, 1U);
  EXPECT_EQ(database.ask("SELECT pg_get_indexdef('t_pkey'::regclass)"),
            "CREATE UNIQUE INDEX t_pkey ON public.t USING btree (v)");
}

TEST(InitialCopy, EndsWhenAnotherAgentHasClaimedTheMirror) {
  tests::MirrorDatabase database;
  HandMadeSnapshot snapshot;
  snapshot.add(numbers("a"), 1000, number_row);
  libpq::Connection other(database.mirror.connection, "other");
  snapshot.before_row([&](std::uint64_t row) {
    if (row == 500) claim_checkpoint(other, "mirror", {"source-one"});
  });
  try {
    copy(database, snapshot);
    FAIL() << "copied";
  } catch (const libpq::DatabaseError& error) {
    EXPECT_EQ(error.sqlstate(), "PM002");
  }
  EXPECT_EQ(database.ask("SELECT count(*) FROM a"), "0");
}

/// Whether table a has a primary key, as other sessions see it.
std::string has_key(tests::MirrorDatabase& database) {
  return database.ask("SELECT count(*) FROM pg_index WHERE indrelid = 'a'::regclass AND indisprimary");
}

TEST(InitialCopy, MakesTheKeyBehindTheRows) {
  tests::MirrorDatabase database;
  libpq::Connection copying(database.mirror.connection, "copy");
  HandMadeSnapshot snapshot;
  snapshot.add(numbers("a"), 1000, number_row);
  const SchemaBuilder builder = database.builder();
  builder.prepare(copying, snapshot);
  std::string meanwhile;
  snapshot.before_row([&](std::uint64_t row) {
    if (row == 500) meanwhile = has_key(database) + database.ask("SELECT count(*) FROM a");
  });
  InitialCopy(builder, database.epoch).run(copying, snapshot, {});
  EXPECT_EQ(meanwhile, "00");
  EXPECT_EQ(has_key(database), "1");
  EXPECT_FALSE(builder.describe(copying, snapshot.relations()[0])->lacks_key);
}

TEST(InitialCopy, ATableThatStillLacksItsKeyIsNotMadeAnew) {
  tests::MirrorDatabase database;
  HandMadeSnapshot snapshot;
  snapshot.add(numbers("a"), 1000, number_row);
  const SchemaBuilder builder = database.builder();
  builder.prepare(database.connection, snapshot);
  database.connection.execute("COMMENT ON TABLE a IS 'of somebody'");
  EXPECT_EQ(builder.prepare(database.connection, snapshot).tables_created, 0U);
  InitialCopy(builder, database.epoch).run(database.connection, snapshot, {});
  EXPECT_EQ(database.ask("SELECT obj_description('a'::regclass)"), "of somebody");
  EXPECT_EQ(has_key(database), "1");
}

TEST(InitialCopy, AKeyThatTheRowsDoNotFitGivesWayToTheHiddenColumn) {
  tests::MirrorDatabase database;
  HandMadeSnapshot snapshot;
  snapshot.add(table_with_row_id("a", {column("code", "TEXT", TypeFamily::text)}, {0}),
               {{integer(1), text("x")}, {integer(2), text("y")}, {integer(3), text("x")}});
  EXPECT_EQ(copy(database, snapshot).rows, 3U);
  EXPECT_EQ(database.rows("SELECT pgmirror_rowid, code FROM a ORDER BY 1"), (Lines{"1|x", "2|y", "3|x"}));
  EXPECT_EQ(has_key(database), "1");
}

TEST(InitialCopy, AKeyThatSomebodyElseMadeAndDroppedIsMissed) {
  tests::MirrorDatabase database;
  database.connection.execute("CREATE TABLE a (id bigint PRIMARY KEY, name text, score double precision)");
  HandMadeSnapshot snapshot;
  snapshot.add(numbers("a"), 10, number_row);
  const SchemaBuilder builder = database.builder();
  builder.prepare(database.connection, snapshot);
  database.connection.execute("ALTER TABLE a DROP CONSTRAINT a_pkey");
  EXPECT_THROW(InitialCopy(builder, database.epoch).run(database.connection, snapshot, {}), SchemaError);
  EXPECT_EQ(has_key(database), "0");
}

TEST(InitialCopy, ATriggerThatSwallowsRowsIsFoundOut) {
  tests::MirrorDatabase database;
  database.connection.execute(
      "CREATE TABLE a (id bigint PRIMARY KEY, name text, score double precision); "
      "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; "
      "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION swallow(); ALTER TABLE a ENABLE ALWAYS "
      "TRIGGER t");
  HandMadeSnapshot snapshot;
  snapshot.add(numbers("a"), 10, number_row);
  EXPECT_THROW(copy(database, snapshot), std::runtime_error);
}

TEST(InitialCopy, WorksForARoleThatMayNotSetTheReplicationRole) {
  tests::MirrorDatabase database;
  const std::string name = database.ask("SELECT current_database()");
  database.connection.execute("DROP ROLE IF EXISTS plain; CREATE ROLE plain LOGIN; GRANT ALL ON DATABASE " + name +
                              " TO plain; GRANT ALL ON SCHEMA public TO plain; DROP SCHEMA pgmirror CASCADE");
  config::ConnectionSettings settings = database.mirror.connection;
  settings.user = "plain";
  {
    libpq::Connection plain(settings, "test");
    create_control_schema(plain);
    const std::int64_t epoch = claim_checkpoint(plain, "mirror", {"source-one"}).epoch;
    HandMadeSnapshot snapshot;
    snapshot.add(numbers("a"), 1000, number_row);
    const SchemaBuilder builder = database.builder();
    builder.prepare(plain, snapshot);
    EXPECT_EQ(InitialCopy(builder, epoch).run(plain, snapshot, {}).rows, 1000U);
  }
  database.connection.execute("DROP OWNED BY plain CASCADE; DROP ROLE plain");
}

TEST(InitialCopy, CopiesForeignTypesByTheirText) {
  tests::MirrorDatabase database;
  change::Relation relation;
  relation.schema = "app";
  relation.name = "hosts";
  relation.columns = {column("id", "bigint", TypeFamily::native), column("address", "inet", TypeFamily::native),
                      column("note", "text", TypeFamily::native)};
  relation.key = {0};
  HandMadeSnapshot snapshot;
  snapshot.add(relation, {{text("1"), text("10.0.0.1"), text("a\tb\\c\nd\re")}, {text("2"), nothing(), text("\\N")}});
  EXPECT_EQ(copy(database, snapshot).rows, 2U);
  EXPECT_EQ(database.rows("SELECT id, address, note FROM app.hosts ORDER BY id"),
            (Lines{"1|10.0.0.1|a\tb\\c\nd\re", "2|~|\\N"}));
}

}  // namespace
}  // namespace pgmirror::sinks::postgres
