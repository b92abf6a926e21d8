#include <gtest/gtest.h>

#include <map>
#include <set>
#include <thread>

#include "capture/postgres/postgres_snapshot.hpp"
#include "capture/postgres/sequence_state.hpp"
#include "libpq/copy_stream.hpp"
#include "libpq/database_error.hpp"
#include "tests/scenario/postgres_catalog/source_database.hpp"
#include "tests/support/connection_text.hpp"

namespace pgmirror::tests {
namespace {

using capture::postgres::PostgresSnapshot;
using change::RelationPtr;

/// Keeps a transaction with an exported snapshot, as the replication session of a slot does.
class Exporter {
 public:
  explicit Exporter(SourceDatabase& source) : connection_(connection_string(source.settings())) {
    pqxx::nontransaction work(connection_);
    work.exec("BEGIN ISOLATION LEVEL REPEATABLE READ");
    name_ = work.exec("SELECT pg_export_snapshot()").at(0).at(0).c_str();
  }
  const std::string& name() const { return name_; }

 private:
  pqxx::connection connection_;
  std::string name_;
};

PostgresSnapshot snapshot_of(SourceDatabase& source, const config::TableRules& rules = {}) {
  const Exporter exporter(source);
  return PostgresSnapshot(source.settings(), rules, {}, exporter.name(), change::Position{7});
}

RelationPtr relation(const change::Snapshot& snapshot, const std::string& name) {
  for (const RelationPtr& candidate : snapshot.relations()) {
    if (candidate->qualified_name() == name) return candidate;
  }
  throw std::runtime_error("no relation " + name);
}

using Row = std::vector<std::optional<std::string>>;
std::vector<Row> rows(change::Snapshot& snapshot, const std::string& name) {
  std::vector<Row> all;
  snapshot.read(*relation(snapshot, name), [&](change::Tuple tuple) {
    Row& row = all.emplace_back();
    for (const change::Value& cell : tuple) {
      row.push_back(cell.is_null() ? std::nullopt : std::optional<std::string>(cell.bytes()));
    }
    return true;
  });
  return all;
}

std::string copied(change::Snapshot& snapshot, const RelationPtr& relation, const change::TablePart& part) {
  std::string text;
  snapshot.copy_rows(*relation, part, change::CopyForm::text, [&](std::string_view piece, std::uint64_t) {
    text += piece;
    return true;
  });
  return text;
}

TEST(PostgresSnapshot, S11_StaysTheSameWhileTheSourceMovesOn) {
  SourceDatabase source;
  source.exec("CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a'), (2, NULL)");
  PostgresSnapshot snapshot = snapshot_of(source);
  source.exec("UPDATE t SET v = 'changed'; INSERT INTO t VALUES (3, 'new')");
  EXPECT_EQ(rows(snapshot, "public.t"), (std::vector<Row>{{"1", "a"}, {"2", std::nullopt}}));
  EXPECT_EQ(snapshot.position(), change::Position{7});
  const auto shared = snapshot.share();
  EXPECT_EQ(rows(*shared, "public.t"), (std::vector<Row>{{"1", "a"}, {"2", std::nullopt}}));
}

TEST(PostgresSnapshot, T23_TextWithEveryEscapeComesAsItWas) {
  SourceDatabase source;
  source.exec("CREATE TABLE t(id int PRIMARY KEY, v text)");
  const std::vector<std::string> texts{"",    "\\N",      "\\.",          "a\tb\nc\rd\\e",           "\b\f\v",
                                       "'';", "\\x41\\b", "ends with \\", "\xc3\xa4\xf0\x9f\x98\x80"};
  for (std::size_t i = 0; i < texts.size(); ++i) {
    pqxx::nontransaction(source.application()).exec_params("INSERT INTO t VALUES ($1, $2)", i, texts[i]);
  }
  PostgresSnapshot snapshot = snapshot_of(source);
  const auto found = rows(snapshot, "public.t");
  ASSERT_EQ(found.size(), texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(found[i][1], texts[i]);
}

TEST(PostgresSnapshot, T7_HostileTypesAndSettingsAreCopiedExactly) {
  SourceDatabase source;
  source.exec_file(PGMIRROR_HOSTILE_TYPES);
  source.exec("ALTER ROLE postgres IN DATABASE " + source.settings().database +
              " SET DateStyle = 'German';"
              "ALTER DATABASE " +
              source.settings().database +
              " SET extra_float_digits = -5;"
              "ALTER DATABASE " +
              source.settings().database +
              " SET IntervalStyle = 'sql_standard';"
              "ALTER DATABASE " +
              source.settings().database + " SET bytea_output = 'escape'");
  PostgresSnapshot snapshot = snapshot_of(source);
  const RelationPtr all = relation(snapshot, "public.all_t");
  const std::string text = copied(snapshot, all, {});
  source.exec("CREATE TABLE again (LIKE all_t)");
  libpq::Connection session = source.session();
  const libpq::Result before = session.execute("SELECT a::text FROM public.all_t a ORDER BY 1");
  libpq::CopyIn copy = session.copy_in("COPY public.again FROM STDIN");
  copy.write(text);
  copy.finish();
  const libpq::Result after = session.execute("SELECT a::text FROM public.again a ORDER BY 1");
  ASSERT_EQ(after.rows(), before.rows());
  ASSERT_GT(after.rows(), 0);
  for (int i = 0; i < before.rows(); ++i) EXPECT_EQ(after.text(i, 0), before.text(i, 0));
  EXPECT_EQ(rows(snapshot, "public.all_t").size(), static_cast<std::size_t>(before.rows()));
}

TEST(PostgresSnapshot, PartsTogetherAreTheTable) {
  SourceDatabase source;
  source.exec(R"(
    CREATE TABLE big(id int PRIMARY KEY, v text);
    ALTER TABLE big ALTER v SET STORAGE PLAIN;
    INSERT INTO big SELECT i, repeat('x', 3000) FROM generate_series(1, 50000) i;
    CREATE TABLE parted(id int PRIMARY KEY) PARTITION BY RANGE (id);
    CREATE TABLE "Low leaf" PARTITION OF parted FOR VALUES FROM (0) TO (10);
    CREATE TABLE high PARTITION OF parted FOR VALUES FROM (10) TO (20) PARTITION BY LIST (id);
    CREATE TABLE twelve PARTITION OF high FOR VALUES IN (12);
    INSERT INTO parted VALUES (1), (2), (12);
    CREATE TABLE parent(id int PRIMARY KEY); CREATE TABLE child() INHERITS (parent);
    INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2);
    CREATE TABLE bare(); INSERT INTO bare DEFAULT VALUES;
    CREATE TABLE roots(id int PRIMARY KEY) PARTITION BY RANGE (id))");
  PostgresSnapshot snapshot = snapshot_of(source);
  std::multiset<std::string> lines;
  const RelationPtr big = relation(snapshot, "public.big");
  const auto parts = snapshot.parts(*big);
  EXPECT_GE(parts.size(), 2U);
  for (const change::TablePart& part : parts) {
    std::istringstream input(copied(snapshot, big, part));
    for (std::string line; std::getline(input, line);) lines.insert(line.substr(0, line.find('\t')));
  }
  EXPECT_EQ(lines.size(), 50000U);
  EXPECT_EQ(std::set<std::string>(lines.begin(), lines.end()).size(), 50000U);

  const RelationPtr parted = relation(snapshot, "public.parted");
  std::string text;
  const auto leaves = snapshot.parts(*parted);
  EXPECT_EQ(leaves.size(), 2U);
  for (const change::TablePart& leaf : leaves) text += copied(snapshot, parted, leaf);
  EXPECT_EQ(text, "1\n2\n12\n");
  EXPECT_EQ(copied(snapshot, parted, {}), text);
  EXPECT_EQ(rows(snapshot, "public.parted").size(), 3U);

  EXPECT_EQ(copied(snapshot, relation(snapshot, "public.parent"), {}), "1\n");
  EXPECT_EQ(rows(snapshot, "public.bare").size(), 1U);
  const RelationPtr roots = relation(snapshot, "public.roots");
  for (const change::TablePart& part : snapshot.parts(*roots)) EXPECT_EQ(copied(snapshot, roots, part), "");
}

using namespace std::string_view_literals;

TEST(PostgresSnapshot, BinaryPartsTogetherAreTheTable) {
  SourceDatabase source;
  source.exec(R"(
    CREATE TABLE big(id int PRIMARY KEY, v text, at timestamptz);
    INSERT INTO big SELECT i, NULLIF(repeat('x', i % 3000), ''), now() FROM generate_series(1, 50000) i;
    CREATE TABLE parted(id int PRIMARY KEY, n numeric) PARTITION BY RANGE (id);
    CREATE TABLE low PARTITION OF parted FOR VALUES FROM (0) TO (10);
    CREATE TABLE empty PARTITION OF parted FOR VALUES FROM (10) TO (20);
    CREATE TABLE high PARTITION OF parted FOR VALUES FROM (20) TO (30);
    INSERT INTO parted VALUES (1, 'NaN'), (2, 1.50), (22, NULL);
    CREATE TABLE bare(); INSERT INTO bare DEFAULT VALUES; INSERT INTO bare DEFAULT VALUES)");
  PostgresSnapshot snapshot = snapshot_of(source);
  libpq::Connection session = source.session();
  const auto number = [&](const std::string& sql) { return session.execute(sql).integer(0, 0); };
  for (const std::string name : {"public.big", "public.parted", "public.bare"}) {
    const RelationPtr table = relation(snapshot, name);
    for (const bool in_parts : {true, false}) {
      session.execute("CREATE TABLE public.again (LIKE " + name + ")");
      std::uint64_t rows = 0;
      for (const change::TablePart& part : in_parts ? snapshot.parts(*table) : std::vector<change::TablePart>(1)) {
        libpq::CopyIn copy = session.copy_in("COPY public.again FROM STDIN (FORMAT binary)");
        copy.write("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"sv);
        snapshot.copy_rows(*table, part, change::CopyForm::binary, [&](std::string_view bytes, std::uint64_t some) {
          copy.write(bytes);
          rows += some;
          return true;
        });
        copy.write("\377\377"sv);
        copy.finish();
      }
      EXPECT_EQ(number("SELECT count(*) FROM (TABLE public.again EXCEPT ALL TABLE " + name + ") x"), 0) << name;
      EXPECT_EQ(number("SELECT count(*) FROM (TABLE " + name + " EXCEPT ALL TABLE public.again) x"), 0) << name;
      EXPECT_EQ(static_cast<std::uint64_t>(number("SELECT count(*) FROM public.again")), rows) << name;
      session.execute("DROP TABLE public.again");
    }
  }
}

TEST(PostgresSnapshot, ReadingStopsWhereTheReaderWantsItTo) {
  SourceDatabase source;
  source.exec(
      "CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t SELECT i, repeat('y', 900) FROM"
      " generate_series(1, 20000) i; CREATE TABLE u(id int); INSERT INTO u VALUES (5)");
  PostgresSnapshot snapshot = snapshot_of(source);
  int seen = 0;
  snapshot.read(*relation(snapshot, "public.t"), [&](change::Tuple) { return ++seen < 3; });
  EXPECT_EQ(seen, 3);
  for (const change::CopyForm form : {change::CopyForm::text, change::CopyForm::binary}) {
    snapshot.copy_rows(*relation(snapshot, "public.t"), {}, form,
                       [](std::string_view, std::uint64_t) { return false; });
  }
  EXPECT_EQ(rows(snapshot, "public.u"), (std::vector<Row>{{"5"}}));
}

TEST(PostgresSnapshot, S12_RowsHiddenByPoliciesAreAnError) {
  SourceDatabase source;
  source.exec(
      "CREATE TABLE t(id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 10);"
      "ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON t USING (id <= 3);"
      "CREATE ROLE reader_" +
      source.settings().database + " LOGIN; GRANT SELECT ON t TO PUBLIC");
  const Exporter exporter(source);
  config::ConnectionSettings reader = source.settings();
  reader.user = "reader_" + source.settings().database;
  PostgresSnapshot snapshot(reader, config::TableRules{}, {}, exporter.name(), change::Position{1});
  EXPECT_THROW(rows(snapshot, "public.t"), libpq::DatabaseError);
}

TEST(PostgresSnapshot, D12_ATableRewrittenTruncatedOrRenamedMeanwhileIsReadAnewAndNeverAsEmpty) {
  for (const std::string migration :
       {"TRUNCATE t", "ALTER TABLE t ALTER v TYPE text USING upper(v)", "DROP TABLE t", "ALTER TABLE t DROP v",
        "ALTER TABLE t RENAME v TO x; ALTER TABLE t RENAME w TO v; ALTER TABLE t RENAME x TO w",
        "ALTER TABLE t RENAME TO old; CREATE TABLE t(id int, v text, w text)", "ALTER TABLE t SET SCHEMA elsewhere"}) {
    SourceDatabase source;
    source.exec(
        "CREATE SCHEMA elsewhere; CREATE TABLE t(id int PRIMARY KEY, v text, w text);"
        "CREATE TABLE u(id int); INSERT INTO t VALUES (1, 'a', 'b'); INSERT INTO u VALUES (2)");
    PostgresSnapshot snapshot = snapshot_of(source);
    source.exec(migration);
    try {
      const auto found = rows(snapshot, "public.t");
      ADD_FAILURE() << migration << ": read " << found.size() << " rows";
    } catch (const libpq::DatabaseError& error) {
      EXPECT_EQ(error.sqlstate(), "40001") << migration;
    }
    EXPECT_EQ(rows(snapshot, "public.u").size(), 1U) << migration;
  }
}

TEST(PostgresSnapshot, MigrationsDoNotWaitForTheWholeCopy) {
  SourceDatabase source;
  source.exec("CREATE TABLE t(id serial PRIMARY KEY); INSERT INTO t VALUES (1)");
  PostgresSnapshot snapshot = snapshot_of(source);
  EXPECT_EQ(rows(snapshot, "public.t").size(), 1U);
  snapshot.parts(*relation(snapshot, "public.t"));
  snapshot.definition();
  snapshot.sequences();
  EXPECT_EQ(source.lines("SELECT relation::regclass || ' ' || mode FROM pg_locks WHERE relation > 16384"), "");
  source.exec("SET lock_timeout = '2s'");
  EXPECT_NO_THROW(source.exec("ALTER TABLE t ADD v text; DROP TABLE t"));
}

TEST(PostgresSnapshot, D16_SequencesAreToldAheadOfTheSource) {
  SourceDatabase source;
  source.exec(R"(
    CREATE TABLE t(id serial PRIMARY KEY, n int GENERATED ALWAYS AS IDENTITY (INCREMENT BY -2 MINVALUE -100 MAXVALUE 0));
    CREATE SEQUENCE free; CREATE SEQUENCE untouched; CREATE SEQUENCE small MAXVALUE 50;
    CREATE TABLE left_out(id serial PRIMARY KEY);
    INSERT INTO t DEFAULT VALUES; INSERT INTO left_out DEFAULT VALUES; SELECT setval('free', 500), nextval('small'))");
  PostgresSnapshot snapshot = snapshot_of(source, config::TableRules({}, {"left_out"}, {}));
  std::map<std::string, change::SequenceValue> values;
  for (const change::SequenceValue& value : snapshot.sequences()) values[value.name] = value;
  ASSERT_EQ(values.size(), 4U);
  EXPECT_EQ(values.at("t_id_seq").value, 1001);
  EXPECT_EQ(values.at("free").value, 1500);
  EXPECT_EQ(values.at("small").value, 50);
  EXPECT_EQ(values.at("t_n_seq").value, -100);
  EXPECT_TRUE(values.at("t_n_seq").descending);
}

/// Also of tables that nobody mirrors.
TEST(PostgresSnapshot, D16_SequencesThatGoWhileTheyAreReadAreNoError) {
  SourceDatabase source;
  source.exec("CREATE SEQUENCE stays; SELECT nextval('stays')");
  const std::jthread migrations([&source](const std::stop_token& stop) {
    pqxx::connection application(connection_string(source.settings()));
    pqxx::nontransaction work(application);
    work.exec("SET client_min_messages = error; SET synchronous_commit = off");
    while (!stop.stop_requested()) {
      work.exec("CREATE SEQUENCE goes");
      work.exec("BEGIN; DROP SEQUENCE goes; SELECT pg_sleep(0.002); COMMIT");
    }
  });
  std::vector<capture::postgres::SequenceState> states{1};
  libpq::Connection session = source.session();
  states.front().oid =
      static_cast<capture::postgres::ObjectId>(std::stoul(source.value("SELECT 'stays'::regclass::oid")));
  for (int reading = 0; reading < 1000; ++reading) {
    ASSERT_NO_THROW(capture::postgres::read_last_values(session, states));
    ASSERT_EQ(states.front().last_value, 1);
  }
}

}  // namespace
}  // namespace pgmirror::tests
