#include "tests/scenario/postgres_mirror/look_alikes.hpp"

#include "tests/scenario/postgres_mirror/capture_method.hpp"
#include "tests/scenario/postgres_mirror/mirrored_database.hpp"

namespace pgmirror::tests {
namespace {

constexpr const char* own_names = "SET search_path = shop; SET standard_conforming_strings = on";

/// Both servers full of what a careless statement would find first.
class LookAlikes : public testing::Test {
 protected:
  LookAlikes() {
    choose_method(pair_.program());
    pair_.program().set("MIRROR_SCHEMA_INCLUDE", "views,functions,triggers");
    pair_.run("CREATE SCHEMA shop");
    in_shop(
        "CREATE TYPE mood AS ENUM ('sad', 'back\\slash', 'it''s');"
        "CREATE TABLE item (id serial PRIMARY KEY, name text NOT NULL DEFAULT 'a\\b', price numeric(10,2), at "
        "timestamptz,"
        "  raw bytea, f float8, tags text[], m mood DEFAULT 'back\\slash', j jsonb, d interval,"
        "  CHECK (name <> 'back\\' || 'slash'));"
        "CREATE INDEX item_name ON item (lower(name)) WHERE price > 1;"
        "COMMENT ON TABLE item IS 'it''s a \\ comment';"
        "CREATE TABLE line (item int REFERENCES item ON DELETE CASCADE ON UPDATE CASCADE, n bigint, PRIMARY KEY (item, "
        "n));"
        "CREATE TABLE journal (at date, what text); ALTER TABLE journal REPLICA IDENTITY FULL;"
        "CREATE VIEW dear AS SELECT id, name || '\\' AS name FROM item WHERE id > 100;"
        "INSERT INTO item (name, price, at, raw, f, tags, j, d) SELECT 'n\\' || g, g / 7.0, '2026-02-03 04:05:06+00',"
        "  '\\x00ff5c', g / 3.0::float8, ARRAY['a', NULL, 'NULL', '\\'], '{\"a\": [1]}', '1 mon -2 days 3:04:05.6'"
        "  FROM generate_series(1, 300) g;"
        "INSERT INTO line SELECT g, g * 2 FROM generate_series(1, 300) g;"
        "INSERT INTO journal SELECT date '2026-03-04', 'x' FROM generate_series(1, 20)");
    for (const config::ConnectionSettings& side : {pair_.source(), pair_.mirror()}) {
      pqxx::connection connection(connection_string(side));
      pqxx::nontransaction session(connection);
      session.exec(look_alikes());
      session.exec(hostile_settings(side.database));
    }
  }

  void in_shop(const std::string& sql) { pair_.run(own_names, sql); }

  DatabaseAndMirror pair_{source_server(), shared_postgres()};
};

TEST_F(LookAlikes, AreNeverUsed) {
  pair_.program().start();
  ASSERT_TRUE(pair_.becomes_same("shop"));
  in_shop(
      "UPDATE item SET name = name || '\\n', f = f * 3, raw = raw || '\\x5c' WHERE id % 3 = 0;"
      "DELETE FROM item WHERE id % 7 = 0; UPDATE item SET id = id + 1000 WHERE id < 20;"
      "DELETE FROM journal WHERE ctid IN (SELECT ctid FROM journal LIMIT 3); INSERT INTO journal VALUES (NULL, '\\')");
  ASSERT_TRUE(pair_.becomes_same("shop"));
  in_shop(
      "ALTER TABLE item ADD more text DEFAULT 'x\\y'; ALTER TABLE item ALTER j TYPE text USING j::text;"
      "ALTER TABLE item RENAME f TO g; CREATE TABLE fresh (id int PRIMARY KEY, v text DEFAULT now()::text);"
      "INSERT INTO fresh SELECT g, 'v\\' || g FROM generate_series(1, 50) g; TRUNCATE journal");
  in_shop("ALTER TYPE mood ADD VALUE 'new \\ one'");
  in_shop("UPDATE item SET m = 'new \\ one' WHERE id % 2 = 0; ALTER TABLE line DROP CONSTRAINT line_item_fkey");
  ASSERT_TRUE(pair_.becomes_same("shop"));
  const FinishedProgram verified = pair_.program().command({"verify"});
  EXPECT_EQ(verified.end, ProgramEnd{}) << verified.output;
  EXPECT_EQ(pair_.program().command({"health"}).end, ProgramEnd{}) << pair_.program().command({"status"}).output;
  const FinishedProgram resync = pair_.program().command({"resync", "shop.item"});
  EXPECT_EQ(resync.end, ProgramEnd{}) << resync.output;
  EXPECT_EQ(pair_.program().stop(), ProgramEnd{});
  in_shop("UPDATE item SET name = 'while away' WHERE id % 5 = 0; ALTER TABLE fresh ADD n int DEFAULT 7");
  pair_.program().start();
  EXPECT_TRUE(pair_.becomes_same("shop"));
  EXPECT_EQ(pair_.program().log().find("look-alike"), std::string::npos) << pair_.program().log();
  const FinishedProgram doctor = pair_.program().command({"doctor"});
  EXPECT_EQ(doctor.output.find("look-alike"), std::string::npos) << doctor.output;
  EXPECT_EQ(doctor.end, ProgramEnd{}) << doctor.output;
}

}  // namespace
}  // namespace pgmirror::tests
