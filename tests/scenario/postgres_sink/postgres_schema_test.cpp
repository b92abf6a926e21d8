#include <gtest/gtest.h>

#include "libpq/identifier.hpp"
#include "sinks/postgres/schema_builder.hpp"
#include "tests/scenario/postgres_sink/hand_made_snapshot.hpp"
#include "tests/scenario/postgres_sink/mirror_database.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using change::TypeFamily;
using tests::blob;
using tests::column;
using tests::HandMadeSnapshot;
using tests::integer;
using tests::nothing;
using tests::real;
using tests::required;
using tests::table_with_id;
using tests::table_with_row_id;
using tests::text;
using Lines = std::vector<std::string>;

std::string columns_of(const std::string& table) {
  return "SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute WHERE attrelid = '" + table +
         "'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum";
}

std::string refusal(tests::MirrorDatabase& database, HandMadeSnapshot& snapshot) {
  try {
    database.builder().prepare(database.connection, snapshot);
  } catch (const SchemaError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(SchemaOfAnEmptyMirror, FollowsDeclarationsAndWhatTheRowsShow) {
  tests::MirrorDatabase database;
  HandMadeSnapshot snapshot;
  snapshot.add(
      table_with_id(
          "users", {required(column("name", "TEXT", TypeFamily::text)), column("admin", "BOOLEAN", TypeFamily::boolean),
                    column("active", "BOOLEAN", TypeFamily::boolean), column("age", "INTEGER", TypeFamily::integer),
                    column("height", "REAL", TypeFamily::real), column("balance", "DECIMAL(10,2)", TypeFamily::numeric),
                    column("born", "DATETIME", TypeFamily::datetime), column("extra", "JSON", TypeFamily::json),
                    column("photo", "BLOB", TypeFamily::blob), column("any", "", TypeFamily::any),
                    required(column("email", "TEXT", TypeFamily::text))}),
      {{integer(1), text("Ann"), integer(1), integer(2), text("old"), real(1.5), integer(3), text("2024-01-01"),
        text("{}"), blob("x"), integer(7), nothing()},
       {integer(2), text("Bob"), integer(0), nothing(), integer(9), real(1.5), real(2.5), nothing(), nothing(),
        nothing(), nothing(), text("b@example.com")}});
  const SchemaReport report = database.builder().prepare(database.connection, snapshot);
  EXPECT_TRUE(report.mirror_was_empty);
  EXPECT_EQ(report.tables_created, 1U);
  EXPECT_EQ(database.rows(columns_of("users")),
            (Lines{"id|bigint|t", "name|text|t", "admin|boolean|f", "active|bigint|f", "age|text|f",
                   "height|double precision|f", "balance|numeric|f", "born|text|f", "extra|text|f", "photo|bytea|f",
                   "any|bigint|f", "email|text|f"}));
  EXPECT_EQ(database.rows("SELECT table_name, state, created, rows FROM pgmirror.tables"), Lines{"users|copying|t|2"});
}

TEST(SchemaOfAnEmptyMirror, KeepsTheRowIdOnlyWhereTheDeclaredKeyCannotServe) {
  tests::MirrorDatabase database;
  const auto keyed = [](const std::string& name) {
    return table_with_row_id(name, {column("code", "TEXT", TypeFamily::text)}, {0});
  };
  HandMadeSnapshot snapshot;
  const auto good = snapshot.add(keyed("good"), {{integer(1), text("a")}, {integer(2), text("b")}});
  const auto nulls = snapshot.add(keyed("nulls"), {{integer(1), nothing()}, {integer(2), nothing()}});
  const auto blobs = snapshot.add(keyed("blobs"), {{integer(1), blob("a")}, {integer(2), text("a")}});
  const auto none =
      snapshot.add(table_with_row_id("none", {column("code", "TEXT", TypeFamily::text)}), {{integer(1), text("a")}});
  database.builder().prepare(database.connection, snapshot);
  EXPECT_EQ(database.rows(columns_of("good")), Lines{"code|text|t"});
  EXPECT_EQ(database.rows(columns_of("nulls")), (Lines{"pgmirror_rowid|bigint|t", "code|text|f"}));

  const MirrorTablePtr by_code = database.builder().describe_for_copy(database.connection, good);
  EXPECT_FALSE(by_code->keyed_by_row_id());
  ASSERT_EQ(by_code->columns.size(), 1U);
  EXPECT_EQ(by_code->columns[0].source, 1U);
  EXPECT_EQ(by_code->key, std::vector<std::size_t>{0});
  for (const auto& relation : {nulls, blobs, none}) {
    const MirrorTablePtr table = database.builder().describe_for_copy(database.connection, relation);
    EXPECT_TRUE(table->keyed_by_row_id()) << relation->name;
    EXPECT_EQ(table->columns.size(), 2U);
  }
}

TEST(SchemaOfAnEmptyMirror, QuotesEveryName) {
  tests::MirrorDatabase database;
  database.mirror.schema = "Strange \"schema\"";
  const std::string long_one(70, 'x');
  const std::string long_two = long_one + "y";
  HandMadeSnapshot snapshot;
  snapshot.add(
      table_with_id("My Table", {column("select", "TEXT", TypeFamily::text), column("a\"b", "TEXT", TypeFamily::text),
                                 column("o'brien", "TEXT", TypeFamily::text), column("é☃𝄞", "TEXT", TypeFamily::text)}),
      {{integer(1), text("1"), text("2"), text("3"), text("4")}});
  snapshot.add(table_with_id("user", {}));
  snapshot.add(table_with_id("USER", {}));
  snapshot.add(table_with_id(long_one,
                             {column(long_one, "TEXT", TypeFamily::text), column(long_two, "TEXT", TypeFamily::text)}));
  snapshot.add(table_with_id(long_two, {}));
  EXPECT_EQ(database.builder().prepare(database.connection, snapshot).tables_created, 5U);
  for (const auto& relation : snapshot.relations()) {
    const MirrorTablePtr table = database.builder().describe_for_copy(database.connection, relation);
    EXPECT_EQ(table->columns.size(), relation->columns.size());
    EXPECT_NO_THROW(database.connection.execute("SELECT * FROM " + table->quoted));
  }
  EXPECT_NE(libpq::mirror_identifier(long_one), libpq::mirror_identifier(long_two));
}

TEST(SchemaOfAnEmptyMirror, RefusesNamesThatPostgreSqlCannotHave) {
  tests::MirrorDatabase database;
  HandMadeSnapshot snapshot;
  snapshot.add(table_with_id("bad\xFF", {}));
  snapshot.add(table_with_id("fine", {}));
  EXPECT_NE(refusal(database, snapshot).find("not UTF-8"), std::string::npos);
  EXPECT_EQ(database.ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0");
}

TEST(SchemaOfAnEmptyMirror, TranslatesDefaults) {
  tests::MirrorDatabase database;
  HandMadeSnapshot snapshot;
  const auto with_default = [](const std::string& name, TypeFamily family, const std::string& sql) {
    change::Column result = column(name, "", family);
    result.default_sql = sql;
    return result;
  };
  snapshot.add(table_with_id(
      "d",
      {with_default("a", TypeFamily::integer, "'7'"), with_default("b", TypeFamily::text, "'o''k\\'"),
       with_default("c", TypeFamily::real, "-1"), with_default("d", TypeFamily::blob, "x'00ff'"),
       with_default("e", TypeFamily::text, "CURRENT_TIMESTAMP"), with_default("f", TypeFamily::text, "(upper('x'))"),
       with_default("g", TypeFamily::numeric, "(1.50)"), with_default("h", TypeFamily::boolean, "true")}));
  database.builder().prepare(database.connection, snapshot);
  database.connection.execute("INSERT INTO d (id) VALUES (1)");
  EXPECT_EQ(database.rows("SELECT a, b, c, d, f, g, h FROM d"), Lines{"7|o'k\\|-1|\\x00ff|~|1.5|1"});
  EXPECT_EQ(database.ask("SELECT e ~ '^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d$' FROM d"), "t");
}

TEST(SchemaOfAnEmptyMirror, IsClosedToTheRolesOfARestInterface) {
  tests::MirrorDatabase database;
  database.connection.execute(
      "DO $$ BEGIN CREATE ROLE anon; EXCEPTION WHEN duplicate_object THEN NULL; END $$; "
      "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO anon");
  HandMadeSnapshot snapshot;
  snapshot.add(table_with_id("it's", {}));
  database.builder().prepare(database.connection, snapshot);
  EXPECT_EQ(database.ask("SELECT has_table_privilege('anon', '\"it''s\"', 'select')"), "f");
  EXPECT_EQ(database.ask("SELECT relrowsecurity FROM pg_class WHERE relname = 'it''s'"), "t");
  database.connection.execute("DROP OWNED BY anon");
}

TEST(IndexesAndForeignKeys, AreBuiltAfterTheCopyWhereTheyCanBe) {
  tests::MirrorDatabase database;
  HandMadeSnapshot snapshot;
  change::Relation users = table_with_id(
      "users", {column("email", "TEXT", TypeFamily::text), column("active", "BOOLEAN", TypeFamily::boolean),
                column("boss", "INTEGER", TypeFamily::integer)});
  users.columns[1].collation = "NOCASE";
  const auto index = [](const std::string& name, bool unique, std::vector<std::string> columns,
                        std::string where = "") {
    change::Index made;
    made.name = name;
    made.unique = unique;
    made.columns = std::move(columns);
    made.where_sql = std::move(where);
    made.definition = "CREATE INDEX " + name;
    return made;
  };
  users.indexes = {index("users_email", true, {"email"}), index("users_boss", false, {"boss", "id"}),
                   index("users_active", false, {"id"}, "active = 1 AND boss IS NOT NULL"),
                   index("users_odd", false, {"id"}, "length(email) > 3"), index("users_expression", false, {})};
  change::Index constraint;
  constraint.name = "sqlite_autoindex_users_1";
  constraint.unique = true;
  constraint.columns = {"boss", "email"};
  users.indexes.push_back(constraint);
  users.foreign_keys = {{{"boss"}, "", "users", {"id"}}};
  change::Relation posts = table_with_id(
      "posts", {column("user_id", "INTEGER", TypeFamily::integer), column("tag_id", "INTEGER", TypeFamily::integer),
                column("orphan", "INTEGER", TypeFamily::integer)});
  posts.foreign_keys = {
      {{"user_id"}, "", "users", {"id"}}, {{"tag_id"}, "", "tags", {"id"}}, {{"orphan"}, "", "users", {"id"}}};
  snapshot.add(users, {{integer(1), text("a"), integer(1), nothing()}});
  snapshot.add(posts, {{integer(1), integer(1), integer(1), integer(99)}});
  database.copy(snapshot);

  const SchemaReport report = database.builder().build_indexes(database.connection, snapshot.relations());
  EXPECT_EQ(report.indexes_created, 4U);
  EXPECT_EQ(report.foreign_keys_created, 2U);
  EXPECT_EQ(report.left_out.size(), 4U);
  EXPECT_EQ(
      database.rows("SELECT conname, condeferrable, condeferred FROM pg_constraint WHERE contype = 'f' ORDER BY 1"),
      (Lines{"posts_user_id_fkey|t|t", "users_boss_fkey|t|t"}));
  EXPECT_EQ(
      database.ask("SELECT pg_get_expr(indpred, indrelid) FROM pg_index WHERE indexrelid = 'users_active'::regclass"),
      "((active = true) AND (boss IS NOT NULL))");
  // NOCASE folds ASCII and nothing else.
  EXPECT_THROW(database.connection.execute("INSERT INTO users VALUES (2, 'A', true, NULL)"), libpq::DatabaseError);
  EXPECT_NO_THROW(database.connection.execute("INSERT INTO users VALUES (3, 'é', true, NULL), (4, 'É', true, NULL)"));
  EXPECT_EQ(database.ask("SELECT count(*) FROM pg_class WHERE relname = 'users_boss_email_key'"), "1");
  EXPECT_TRUE(database.builder().describe(database.connection, snapshot.relations()[0])->has_unique_beyond_key);
  EXPECT_FALSE(database.builder().describe(database.connection, snapshot.relations()[1])->has_unique_beyond_key);

  const SchemaReport again = database.builder().build_indexes(database.connection, snapshot.relations());
  EXPECT_EQ(again.indexes_created + again.foreign_keys_created, 0U);
}

TEST(IndexesAndForeignKeys, AUniqueIndexThatTheRowsViolateIsLeftOutByName) {
  tests::MirrorDatabase database;
  HandMadeSnapshot snapshot;
  change::Relation relation = table_with_id("t", {column("a", "", TypeFamily::any)});
  change::Index unique;
  unique.name = "t_a";
  unique.unique = true;
  unique.columns = {"a"};
  unique.definition = "CREATE UNIQUE INDEX t_a ON t (a)";
  relation.indexes = {unique};
  snapshot.add(relation, {{integer(1), integer(5)}, {integer(2), text("5")}});
  database.copy(snapshot);
  const SchemaReport report = database.builder().build_indexes(database.connection, snapshot.relations());
  ASSERT_EQ(report.left_out.size(), 1U);
  EXPECT_NE(report.left_out[0].find("t_a"), std::string::npos);
}

TEST(SchemaThatStandsThere, IsCompletedAndNeverEmptied) {
  tests::MirrorDatabase database;
  database.connection.execute(
      "CREATE TABLE users (id integer PRIMARY KEY, name character varying(50), at timestamp(6), note text DEFAULT 'x' "
      "NOT NULL); "
      "INSERT INTO users (id, name) VALUES (1, 'kept')");
  HandMadeSnapshot snapshot;
  const auto users = snapshot.add(
      table_with_id("users", {column("name", "TEXT", TypeFamily::text), column("at", "DATETIME", TypeFamily::datetime),
                              column("age", "INTEGER", TypeFamily::integer)}));
  snapshot.add(table_with_id("posts", {}));
  const SchemaReport report = database.builder().prepare(database.connection, snapshot);
  EXPECT_FALSE(report.mirror_was_empty);
  EXPECT_EQ(report.tables_created, 1U);
  EXPECT_EQ(report.columns_added, 1U);
  EXPECT_EQ(database.ask("SELECT name FROM users"), "kept");
  const MirrorTablePtr table = database.builder().describe(database.connection, users);
  EXPECT_EQ(table->columns[0].type.encoding, TargetType::Encoding::integer);
  EXPECT_EQ(table->columns[1].type.length, 50);
  EXPECT_EQ(table->columns[2].type.encoding, TargetType::Encoding::timestamp);
  EXPECT_EQ(database.rows("SELECT table_name, created FROM pgmirror.tables ORDER BY 1"), (Lines{"posts|t", "users|f"}));
}

TEST(SchemaThatStandsThere, IsRefusedWithTheWholeListOfReasons) {
  tests::MirrorDatabase database;
  database.connection.execute(
      "CREATE TABLE no_key (id bigint); CREATE TABLE rounding (id bigint PRIMARY KEY, a real, b timestamp(3)); "
      "CREATE TABLE computed (id bigint PRIMARY KEY, a bigint GENERATED ALWAYS AS (id + 1) STORED); "
      "CREATE TABLE demanding (id bigint PRIMARY KEY, more text NOT NULL); "
      "CREATE TABLE identity (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY); "
      "CREATE VIEW viewed AS SELECT 1 AS id; CREATE TABLE hidden (a text)");
  HandMadeSnapshot snapshot;
  snapshot.add(table_with_id("no_key", {}));
  snapshot.add(table_with_id("rounding",
                             {column("a", "REAL", TypeFamily::real), column("b", "DATETIME", TypeFamily::datetime)}));
  snapshot.add(table_with_id("computed", {column("a", "INTEGER", TypeFamily::integer)}));
  snapshot.add(table_with_id("demanding", {}));
  snapshot.add(table_with_id("identity", {}));
  snapshot.add(table_with_id("viewed", {}));
  snapshot.add(table_with_row_id("hidden", {column("a", "TEXT", TypeFamily::text)}));
  snapshot.add(table_with_id("unharmed", {}));
  const std::string message = refusal(database, snapshot);
  for (const char* part : {"no_key: the mirror has no primary key", "rounding: column a is real",
                           "rounding: column b is timestamp(3)", "computed: column a", "demanding: column more",
                           "identity: column id", "viewed: is a view", "hidden: has no primary key"}) {
    EXPECT_NE(message.find(part), std::string::npos) << part << " in\n" << message;
  }
  EXPECT_EQ(database.ask("SELECT to_regclass('unharmed') IS NULL"), "t");
  EXPECT_EQ(database.ask("SELECT count(*) FROM pgmirror.tables"), "0");
}

TEST(SchemaThatStandsThere, IsLeftAloneOnceItIsLive) {
  tests::MirrorDatabase database;
  HandMadeSnapshot snapshot;
  snapshot.add(table_with_id("t", {}));
  database.builder().prepare(database.connection, snapshot);
  database.connection.execute("UPDATE pgmirror.tables SET state = 'live'");
  HandMadeSnapshot later;
  later.add(table_with_id("t", {column("added", "TEXT", TypeFamily::text)}));
  EXPECT_EQ(database.builder().prepare(database.connection, later).columns_added, 0U);
  EXPECT_EQ(database.rows(columns_of("t")), Lines{"id|bigint|t"});
}

TEST(Describe, NamesWhatIsMissing) {
  tests::MirrorDatabase database;
  HandMadeSnapshot snapshot;
  const auto relation = snapshot.add(table_with_id("t", {column("a", "TEXT", TypeFamily::text)}));
  EXPECT_THROW(database.builder().describe(database.connection, relation), SchemaError);
  database.builder().prepare(database.connection, snapshot);
  database.connection.execute("ALTER TABLE t DROP COLUMN a");
  try {
    database.builder().describe(database.connection, relation);
    FAIL() << "described";
  } catch (const SchemaError& error) {
    EXPECT_NE(std::string(error.what()).find("column a is missing"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace pgmirror::sinks::postgres
