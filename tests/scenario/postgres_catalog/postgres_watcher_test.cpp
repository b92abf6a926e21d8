#include <gtest/gtest.h>

#include <set>
#include <string>

#include "capture/postgres/catalog_watcher.hpp"
#include "tests/scenario/postgres_catalog/source_database.hpp"
#include "tests/support/temporary_directory.hpp"

namespace pgmirror::tests {
namespace {

using capture::postgres::CatalogEvent;
using capture::postgres::CatalogNews;
using capture::postgres::CatalogWatcher;
using Kind = CatalogEvent::Kind;

std::string line_of(const CatalogEvent& event) {
  const std::string when = event.at_once ? "at once " : "";
  const std::string name = event.table.relation ? event.table.relation->qualified_name() : "";
  switch (event.kind) {
    case Kind::table_appeared:
      return when + "appeared " + name;
    case Kind::table_disappeared:
      return when + "disappeared " + name;
    case Kind::table_redefined: {
      std::string line = when + "redefined " + event.schema.before->qualified_name() + " to " + name;
      for (const auto& [from, to] : event.schema.renamed_columns) line += " " + from + ">" + to;
      return line;
    }
    case Kind::following_changed:
      return when + "followed otherwise " + name;
    case Kind::content_gap:
      return when + "gap " + name + ": " + event.reason;
    case Kind::statement:
      return when + event.statement.sql;
  }
  return {};
}

/// A source that is watched by an agent which may be down now and then.
class WatchedDatabase {
 public:
  explicit WatchedDatabase(const std::string& sql, config::TableRules rules = {}) : rules_(std::move(rules)) {
    source.exec(sql);
    libpq::Connection connection = source.session();
    for (const auto& statement : capture::postgres::schema_script(connection, source.catalog())) {
      if (!statement.table.empty()) parts_.insert(statement.sql);
    }
    restart();
    EXPECT_EQ(events(), "");
  }
  void restart_with(config::TableRules rules) {
    rules_ = std::move(rules);
    restart();
  }
  void restart() { watcher_.emplace(rules_, capture::postgres::ScriptOptions{}, directory_ / "catalog"); }
  /// What happened since the last call, a line each.
  std::string events() {
    libpq::Connection connection = source.session();
    std::optional<CatalogNews> news = watcher_->poll(connection);
    if (!news) return {};
    std::string lines;
    for (const CatalogEvent& event : news->events) {
      if (is_new(event)) lines += line_of(event) + "\n";
    }
    as_of = news->as_of;
    watcher_->remember(std::move(*news));
    EXPECT_FALSE(watcher_->poll(connection)) << "told again after " << lines;
    return lines;
  }
  std::string after(const std::string& sql) {
    source.exec(sql);
    return events();
  }
  CatalogWatcher& watcher() { return *watcher_; }

  SourceDatabase source;
  change::Position as_of;

 private:
  /// A table is told whole: what it had before is no event.
  bool is_new(const CatalogEvent& event) {
    const change::SchemaStatement& statement = event.statement;
    if (statement.table.empty()) return true;
    return statement.kind != change::table_layout_kind && parts_.insert(statement.sql).second;
  }

  std::set<std::string> parts_;
  config::TableRules rules_;
  TemporaryDirectory directory_;
  std::optional<CatalogWatcher> watcher_;
};

TEST(PostgresWatcher, D3_D4_RewritesAreFoundAndD23_MaintenanceIsNot) {
  WatchedDatabase watched(
      "CREATE TABLE t(id int PRIMARY KEY, v text); CREATE INDEX t_v ON t(v);"
      "INSERT INTO t VALUES (1, 'a')");
  EXPECT_EQ(watched.after("INSERT INTO t VALUES (2, 'b'); UPDATE t SET v = 'c'; DELETE FROM t WHERE id = 1"), "");
  EXPECT_EQ(watched.after("ALTER TABLE t ADD u uuid DEFAULT gen_random_uuid()"),
            "redefined public.t to public.t\ngap public.t: column u was added with a value for each row\n"
            "ALTER TABLE \"public\".\"t\" ALTER COLUMN \"u\" SET DEFAULT gen_random_uuid()\n");
  EXPECT_EQ(watched.after("ALTER TABLE t ALTER v TYPE text USING upper(v)"),
            "at once DROP INDEX IF EXISTS \"public\".\"t_v\"\ngap public.t: column v was rewritten\n");
  EXPECT_EQ(watched.after("ALTER TABLE t ALTER v TYPE varchar(50)"),
            "at once DROP INDEX IF EXISTS \"public\".\"t_v\"\n"
            "redefined public.t to public.t\n"
            "gap public.t: column v was rewritten\n");
  for (const std::string maintenance :
       {"VACUUM FULL t", "CLUSTER t USING t_pkey", "REINDEX TABLE t", "TRUNCATE t", "ANALYZE t", "VACUUM (FREEZE) t"}) {
    EXPECT_EQ(watched.after(maintenance), "") << maintenance;
  }
}

TEST(PostgresWatcher, D1_D2_ANewColumnThatOlderRowsShowAValueInIsAGap) {
  WatchedDatabase watched("CREATE TABLE t(id int PRIMARY KEY); INSERT INTO t VALUES (1)");
  const std::string redefined = "redefined public.t to public.t\n";
  const auto gap = [](const std::string& column) {
    return "gap public.t: column " + column + " was added with a value for the rows that were there\n";
  };
  const auto set = [](const std::string& column, const std::string& value) {
    return "ALTER TABLE \"public\".\"t\" ALTER COLUMN \"" + column + "\" SET DEFAULT " + value + "\n";
  };
  EXPECT_EQ(watched.after("ALTER TABLE t ADD a int"), redefined);
  EXPECT_EQ(watched.after("ALTER TABLE t ADD b int DEFAULT 5"), redefined + gap("b") + set("b", "5"));
  EXPECT_EQ(watched.after("ALTER TABLE t ADD c timestamptz DEFAULT now()"), redefined + gap("c") + set("c", "now()"));
  EXPECT_EQ(watched.after("ALTER TABLE t ADD d int DEFAULT 6; ALTER TABLE t ALTER d DROP DEFAULT"),
            redefined + gap("d"));
  EXPECT_EQ(watched.after("ALTER TABLE t ALTER b SET DEFAULT 8"), set("b", "8"));
  EXPECT_EQ(watched.after("ALTER TABLE t ALTER b DROP DEFAULT"), "") << "the layout tells what is gone";
  EXPECT_EQ(watched.after("ALTER TABLE t ALTER b SET NOT NULL"),
            redefined + "ALTER TABLE \"public\".\"t\" ALTER COLUMN \"b\" SET NOT NULL\n");
  EXPECT_EQ(watched.after("ALTER TABLE t ALTER b DROP NOT NULL"), redefined);
}

TEST(PostgresWatcher, D5_D6_ColumnsAreRecognisedByTheirNumbers) {
  WatchedDatabase watched("CREATE TABLE t(id int PRIMARY KEY, a text, b text); INSERT INTO t VALUES (1, 'a', 'b')");
  EXPECT_EQ(watched.after("ALTER TABLE t RENAME a TO x; ALTER TABLE t RENAME b TO a; ALTER TABLE t RENAME x TO b"),
            "redefined public.t to public.t a>b b>a\n");
  EXPECT_EQ(watched.after("ALTER TABLE t DROP b"), "redefined public.t to public.t\n");
  EXPECT_EQ(watched.after("ALTER TABLE t DROP a; ALTER TABLE t ADD a text"),
            "gap public.t: a column was dropped and one of the same name added\n");
  EXPECT_EQ(watched.after("ALTER TABLE t ADD q int; ALTER TABLE t DROP q; ALTER TABLE t ADD q int"),
            "redefined public.t to public.t\ngap public.t: a column was added and dropped again meanwhile\n");
}

TEST(PostgresWatcher, D7_D8_TablesAreRecognisedByTheirIdentifiers) {
  WatchedDatabase watched(
      "CREATE SCHEMA other; CREATE TABLE t(id int PRIMARY KEY, v int CHECK (v > 0));"
      "CREATE INDEX t_v ON t(v)");
  const auto parts = [](const std::string& table, const std::string& printed) {
    return "ALTER TABLE " + table + " ALTER COLUMN \"id\" SET NOT NULL\nALTER TABLE " + table +
           " ADD CONSTRAINT \"t_pkey\" PRIMARY KEY (id)\nALTER TABLE " + table +
           " ADD CONSTRAINT \"t_v_check\" CHECK ((v > 0))\nCREATE INDEX t_v ON " + printed + " USING btree (v)\n";
  };
  EXPECT_EQ(watched.after("ALTER TABLE t RENAME TO u"),
            "redefined public.t to public.u\n" + parts("\"public\".\"u\"", "public.u"));
  EXPECT_EQ(watched.after("ALTER TABLE u SET SCHEMA other"),
            "at once CREATE SCHEMA IF NOT EXISTS \"other\"\nredefined public.u to other.u\n" +
                parts("\"other\".\"u\"", "other.u"));
  EXPECT_EQ(watched.after("DROP TABLE other.u; CREATE TABLE other.u(id int PRIMARY KEY)"),
            "disappeared other.u\nCREATE TABLE \"other\".\"u\" (\"id\" integer NOT NULL)\n"
            "at once appeared other.u\n");
}

TEST(PostgresWatcher, D9_ANewTableComesWithWhatItNeedsAndItsIndexesWithItsCopy) {
  WatchedDatabase watched("CREATE TABLE t(id int PRIMARY KEY)", config::TableRules({}, {"audit_*"}, {}));
  EXPECT_EQ(watched.after("CREATE TYPE mood AS ENUM ('a'); CREATE TABLE n(id int PRIMARY KEY, m mood);"
                          "CREATE INDEX n_m ON n(m); CREATE TABLE audit_1(id int)"),
            "at once CREATE TYPE \"public\".\"mood\" AS ENUM ('a')\n"
            "CREATE TABLE \"public\".\"n\" (\"id\" integer NOT NULL, \"m\" public.mood)\n"
            "at once appeared public.n\n");
  EXPECT_EQ(watched.after("ALTER TABLE audit_1 RENAME TO kept"),
            "CREATE TABLE \"public\".\"kept\" (\"id\" integer)\nat once appeared public.kept\n");
  EXPECT_EQ(watched.after("ALTER TABLE kept RENAME TO audit_2"), "disappeared public.kept\n");
  EXPECT_EQ(watched.after("DROP TABLE n"), "disappeared public.n\n");
}

TEST(PostgresWatcher, K6_K7_K16_ATableThatLosesItsIdentityIsFollowedOtherwiseAtOnce) {
  WatchedDatabase watched("CREATE TABLE t(id int PRIMARY KEY)");
  EXPECT_EQ(watched.after("ALTER TABLE t DROP CONSTRAINT t_pkey"),
            "at once ALTER TABLE IF EXISTS \"public\".\"t\" DROP CONSTRAINT IF EXISTS \"t_pkey\"\n"
            "at once followed otherwise public.t\nredefined public.t to public.t\n");
  EXPECT_EQ(watched.after("ALTER TABLE t REPLICA IDENTITY FULL"),
            "at once followed otherwise public.t\nredefined public.t to public.t\n"
            "ALTER TABLE ONLY \"public\".\"t\" REPLICA IDENTITY FULL\n");
}

TEST(PostgresWatcher, V8_D21_PartitionsThatComeOrGoWithRowsAreGaps) {
  WatchedDatabase watched(R"(
    CREATE TABLE p(id int PRIMARY KEY) PARTITION BY RANGE (id);
    CREATE TABLE low PARTITION OF p FOR VALUES FROM (0) TO (10);
    CREATE TABLE high PARTITION OF p FOR VALUES FROM (10) TO (20);
    INSERT INTO p VALUES (1), (11))",
                          config::TableRules({"p"}, {}, {}));
  EXPECT_EQ(watched.after("CREATE TABLE more PARTITION OF p FOR VALUES FROM (20) TO (30); INSERT INTO p VALUES (21)"),
            "");
  EXPECT_EQ(watched.after("TRUNCATE low"), "gap public.p: a partition was truncated or rewritten\n");
  EXPECT_EQ(watched.after("ALTER TABLE p DETACH PARTITION high"),
            "gap public.p: a partition was detached or dropped\n");
  EXPECT_EQ(watched.after("ALTER TABLE p ATTACH PARTITION high FOR VALUES FROM (10) TO (20)"),
            "gap public.p: a table was attached as a partition\n");
  EXPECT_EQ(watched.after("DROP TABLE high"), "gap public.p: a partition was detached or dropped\n");
  EXPECT_EQ(watched.after("BEGIN; CREATE TABLE filled(id int NOT NULL); INSERT INTO filled VALUES (31);"
                          "ALTER TABLE p ATTACH PARTITION filled FOR VALUES FROM (30) TO (40); COMMIT"),
            "gap public.p: a table was attached as a partition\n");
  EXPECT_EQ(watched.after("CREATE TABLE sub PARTITION OF p FOR VALUES FROM (40) TO (50) PARTITION BY LIST (id);"
                          "CREATE TABLE leaf PARTITION OF sub FOR VALUES IN (41)"),
            "");
}

TEST(PostgresWatcher, D22_AnUnloggedTableAppearsWhenItIsLogged) {
  WatchedDatabase watched("CREATE UNLOGGED TABLE t(id int); INSERT INTO t VALUES (1); CREATE TEMP TABLE x(id int)");
  EXPECT_EQ(watched.after("ALTER TABLE t SET LOGGED"),
            "at once CREATE SCHEMA IF NOT EXISTS \"public\"\n"
            "CREATE TABLE \"public\".\"t\" (\"id\" integer)\nat once appeared public.t\n");
  EXPECT_EQ(watched.after("ALTER TABLE t SET UNLOGGED"), "disappeared public.t\n");
}

TEST(PostgresWatcher, ObjectsOverRowsComeAndGoAsStatements) {
  WatchedDatabase watched("CREATE TABLE t(id int PRIMARY KEY, v int)");
  EXPECT_EQ(watched.after("CREATE UNIQUE INDEX i ON t(v)"), "CREATE UNIQUE INDEX i ON public.t USING btree (v)\n");
  EXPECT_EQ(watched.after("ALTER TABLE t ADD CONSTRAINT c CHECK (v > 0) NOT VALID"),
            "ALTER TABLE \"public\".\"t\" ADD CONSTRAINT \"c\" CHECK ((v > 0)) NOT VALID\n");
  EXPECT_EQ(watched.after("ALTER TABLE t VALIDATE CONSTRAINT c"),
            "ALTER TABLE \"public\".\"t\" ADD CONSTRAINT \"c\" CHECK ((v > 0))\n");
  EXPECT_EQ(
      watched.after("CREATE VIEW w AS SELECT id FROM t; COMMENT ON VIEW w IS 'x'"),
      "CREATE OR REPLACE VIEW \"public\".\"w\" AS SELECT t.id\n   FROM public.t\nCOMMENT ON VIEW public.w IS 'x'\n");
  EXPECT_EQ(watched.after("CREATE OR REPLACE VIEW w AS SELECT id, v FROM t"),
            "at once DROP VIEW IF EXISTS \"public\".\"w\"\n"
            "DROP VIEW IF EXISTS \"public\".\"w\"\n"
            "CREATE OR REPLACE VIEW \"public\".\"w\" AS SELECT t.id,\n    t.v\n   FROM public.t\n");
  EXPECT_EQ(watched.after("DROP VIEW w; DROP INDEX i; ALTER TABLE t DROP CONSTRAINT c"),
            "at once ALTER TABLE IF EXISTS \"public\".\"t\" DROP CONSTRAINT IF EXISTS \"c\"\n"
            "at once DROP INDEX IF EXISTS \"public\".\"i\"\n"
            "at once DROP VIEW IF EXISTS \"public\".\"w\"\n"
            "DROP VIEW IF EXISTS \"public\".\"w\"\n");
  EXPECT_EQ(watched.after("ALTER TABLE t ADD g int GENERATED ALWAYS AS (v * 2) STORED"),
            "ALTER TABLE \"public\".\"t\" ADD COLUMN \"g\" integer GENERATED ALWAYS AS ((v * 2)) STORED\n");
  EXPECT_EQ(watched.after("ALTER TABLE t DROP g"), "");
}

TEST(PostgresWatcher, D7_WhatIsAboutARenamedTableFollowsItByItself) {
  WatchedDatabase watched(R"(
    CREATE TABLE t(id int PRIMARY KEY, v int CHECK (v > 0)); CREATE INDEX t_v ON t(v);
    CREATE VIEW w AS SELECT v FROM t; CREATE MATERIALIZED VIEW m AS SELECT v FROM t; CREATE VIEW x AS SELECT * FROM m)");
  EXPECT_EQ(watched.after("ALTER TABLE t RENAME TO u; ALTER TABLE u RENAME v TO n"),
            "redefined public.t to public.u v>n\n"
            "ALTER TABLE \"public\".\"u\" ALTER COLUMN \"id\" SET NOT NULL\n"
            "ALTER TABLE \"public\".\"u\" ADD CONSTRAINT \"t_pkey\" PRIMARY KEY (id)\n"
            "ALTER TABLE \"public\".\"u\" ADD CONSTRAINT \"t_v_check\" CHECK ((n > 0))\n"
            "CREATE INDEX t_v ON public.u USING btree (n)\n");
  EXPECT_EQ(watched.after("CREATE OR REPLACE VIEW w AS SELECT n AS v, id FROM u"),
            "at once DROP VIEW IF EXISTS \"public\".\"w\"\n"
            "DROP VIEW IF EXISTS \"public\".\"w\"\n"
            "CREATE OR REPLACE VIEW \"public\".\"w\" AS SELECT u.n AS v,\n    u.id\n   FROM public.u\n");
}

TEST(PostgresWatcher, T10_TypesGrowAtOnce) {
  WatchedDatabase watched(R"(
    CREATE TYPE mood AS ENUM ('a', 'c'); CREATE DOMAIN d AS int CHECK (VALUE < 9) NOT NULL;
    CREATE TYPE pair AS (x int); CREATE TABLE t(id int PRIMARY KEY, m mood, n d, p pair))");
  EXPECT_EQ(watched.after("ALTER TYPE mood ADD VALUE 'b' BEFORE 'c'"),
            "at once CREATE TYPE \"public\".\"mood\" AS ENUM ('a', 'b', 'c')\n"
            "CREATE TYPE \"public\".\"mood\" AS ENUM ('a', 'b', 'c')\n");
  EXPECT_EQ(watched.after("ALTER TYPE mood RENAME VALUE 'b' TO 'it''s'"),
            "at once CREATE TYPE \"public\".\"mood\" AS ENUM ('a', 'it''s', 'c')\n"
            "CREATE TYPE \"public\".\"mood\" AS ENUM ('a', 'it''s', 'c')\n");
  EXPECT_EQ(watched.after("ALTER TYPE pair ADD ATTRIBUTE y text"),
            "at once ALTER TYPE \"public\".\"pair\" ADD ATTRIBUTE \"y\" text\n");
  EXPECT_EQ(watched.after("ALTER DOMAIN d DROP NOT NULL; ALTER DOMAIN d DROP CONSTRAINT d_check"),
            "at once ALTER DOMAIN \"public\".\"d\" DROP CONSTRAINT IF EXISTS \"d_check\"\n"
            "at once ALTER DOMAIN \"public\".\"d\" DROP NOT NULL\n"
            "ALTER DOMAIN \"public\".\"d\" DROP CONSTRAINT IF EXISTS \"d_check\"\n");
}

TEST(PostgresWatcher, WhatHappenedWhileNobodyWatchedIsFoundAtTheNextStart) {
  WatchedDatabase watched("CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a')");
  watched.source.exec("ALTER TABLE t ALTER v TYPE text USING upper(v)");
  watched.restart();
  EXPECT_EQ(watched.events(), "gap public.t: column v was rewritten\n");
  EXPECT_GT(watched.as_of.value, 0U);
  watched.restart();
  EXPECT_EQ(watched.events(), "");
}

TEST(PostgresWatcher, OtherRulesAtTheNextStartBringAndTakeTablesAndColumns) {
  WatchedDatabase watched("CREATE TABLE a(id int PRIMARY KEY, x int, y int); CREATE TABLE b(id int)",
                          config::TableRules({}, {"b"}, {"a.x"}));
  watched.restart_with(config::TableRules({}, {}, {"a.y"}));
  EXPECT_EQ(watched.events(),
            "redefined public.a to public.a\ngap public.a: column x is mirrored from now on\n"
            "CREATE TABLE \"public\".\"b\" (\"id\" integer)\nat once appeared public.b\n");
  watched.restart_with(config::TableRules({"b"}, {}, {}));
  EXPECT_EQ(watched.events(), "disappeared public.a\n");
  watched.restart();
  EXPECT_EQ(watched.events(), "");
}

TEST(PostgresWatcher, WhatWasNotRememberedComesAgain) {
  WatchedDatabase watched("CREATE TABLE t(id int PRIMARY KEY)");
  watched.source.exec("CREATE INDEX i ON t(id)");
  libpq::Connection connection = watched.source.session();
  ASSERT_TRUE(watched.watcher().poll(connection));
  ASSERT_TRUE(watched.watcher().poll(connection));
  watched.source.exec("DROP INDEX i");
  EXPECT_FALSE(watched.watcher().poll(connection));
}

}  // namespace
}  // namespace pgmirror::tests
