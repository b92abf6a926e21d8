#include <gtest/gtest.h>

#include "sinks/postgres/schema_script_run.hpp"
#include "tests/scenario/postgres_sink/mirror_database.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using change::SchemaStatement;

SchemaStatement table(const std::string& sql) {
  return {.kind = "table", .schema = "public", .name = "t", .sql = sql, .required = true};
}

SchemaStatement part(const std::string& key, const std::string& action) {
  return {.stage = SchemaStatement::Stage::after_data,
          .kind = key.substr(0, key.find(' ')),
          .schema = "public",
          .name = "t." + key,
          .sql = R"(ALTER TABLE "public"."t" )" + action,
          .table = "t",
          .parts = {key}};
}

SchemaStatement layout(std::vector<std::string> keys) {
  return {.kind = change::table_layout_kind, .schema = "public", .name = "t", .table = "t", .parts = std::move(keys)};
}

const SchemaStatement default_of_a = part("default a", R"(ALTER COLUMN "a" SET DEFAULT 5)");
const SchemaStatement a_not_null = part("not null a", R"(ALTER COLUMN "a" SET NOT NULL)");
const SchemaStatement a_positive = part("constraint positive", R"(ADD CONSTRAINT "positive" CHECK ((a > 0)))");

/// A table of the source stands as it was made there, and its parts are being told.
class ScriptRun : public testing::Test {
 protected:
  ScriptRun() { run_.run(table(R"(CREATE TABLE "public"."t" ("a" integer DEFAULT 5 NOT NULL, "b" integer))")); }

  void tell_layout() { run_.run(layout({"column a", "column b", "default a", "not null a", "constraint positive"})); }
  void lose_the_mirror() {
    const std::string backend = database_.ask("SELECT pg_backend_pid()");
    libpq::Connection other(database_.mirror.connection, "other");
    other.execute("SELECT pg_terminate_backend(" + backend + ", 10000)");
  }

  tests::MirrorDatabase database_;
  SchemaScriptRun run_{database_.connection, database_.mirror.name, change::Position{7}, false};
};

TEST_F(ScriptRun, NeedsNoWordWithTheMirrorForWhatStands) {
  tell_layout();
  run_.run(a_positive);
  lose_the_mirror();
  run_.run(default_of_a);
  run_.run(a_not_null);
  run_.run(a_positive);
  EXPECT_EQ(run_.report().standing, 3);
  EXPECT_THROW(run_.run(part("default b", R"(ALTER COLUMN "b" SET DEFAULT 6)")), libpq::DatabaseError);
}

TEST_F(ScriptRun, LooksAgainAtWhatSomethingElseMayHaveChanged) {
  tell_layout();
  run_.run({.kind = "view", .schema = "public", .name = "v", .sql = R"(CREATE VIEW "public"."v" AS SELECT 1)"});
  database_.connection.execute("ALTER TABLE t ALTER COLUMN a DROP DEFAULT");
  run_.run(default_of_a);
  EXPECT_EQ(database_.ask("INSERT INTO t (b) VALUES (1) RETURNING a"), "5");
}

TEST_F(ScriptRun, LooksAgainAfterARefusal) {
  tell_layout();
  run_.run(part("constraint wrong", R"(ADD CONSTRAINT "wrong" CHECK ((missing > 0)))"));
  database_.connection.execute("ALTER TABLE t ALTER COLUMN a DROP DEFAULT");
  run_.run(default_of_a);
  EXPECT_EQ(database_.ask("INSERT INTO t (b) VALUES (1) RETURNING a"), "5");
  EXPECT_EQ(run_.report().left_out.size(), 1);
}

/// All that a new table has is entered at once as ours, and so goes with the source's.
TEST_F(ScriptRun, TakesAwayWhatTheTableWasMadeWith) {
  run_.run(layout({"column b"}));
  EXPECT_EQ(database_.rows("SELECT attname FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0 AND NOT "
                           "attisdropped"),
            std::vector<std::string>{"b"});
}

}  // namespace
}  // namespace pgmirror::sinks::postgres
