#include <gtest/gtest.h>

#include <algorithm>

#include "capture/postgres/preflight.hpp"
#include "capture/postgres/source_session.hpp"
#include "tests/scenario/postgres_catalog/source_database.hpp"
#include "tests/support/throwaway_postgres.hpp"

namespace pgmirror::tests {
namespace {

using namespace capture::postgres;
using Severity = PreflightFinding::Severity;

constexpr const char* publication = "pgmirror_test";

PreflightFindings findings_for(const config::ConnectionSettings& settings, const config::TableRules& rules = {}) {
  libpq::Connection connection = open_source_session(settings, "preflight");
  const PreflightFacts facts = read_preflight_facts(connection, {.slot = "pgmirror_test", .publication = publication});
  RelationCatalog catalog(rules);
  catalog.refresh(connection);
  return preflight(facts, catalog.picture(), rules);
}

/// `error no_identity table public.t`, those that are not ok.
std::string trouble(const PreflightFindings& findings) {
  std::string lines;
  for (const PreflightFinding& finding : findings) {
    if (finding.severity == Severity::ok || finding.code == "slot_wal_limit") continue;
    lines +=
        (finding.severity == Severity::error ? "error " : "warning ") + finding.code + " " + finding.subject + "\n";
  }
  return lines;
}

std::string remedies(const PreflightFindings& findings, Severity severity) {
  std::string sql;
  for (const PreflightFinding& finding : findings) {
    if (finding.severity == severity && finding.code != "slot_wal_limit") sql += finding.sql;
  }
  return sql;
}

/// A role with no right but to log in.
config::ConnectionSettings stranger(SourceDatabase& source) {
  config::ConnectionSettings settings = source.settings();
  settings.user = "stranger of " + settings.database;
  source.exec("CREATE ROLE \"" + settings.user + "\" LOGIN; REVOKE ALL ON SCHEMA public FROM PUBLIC");
  return settings;
}

TEST(PostgresPreflight, C12_WritesNothing) {
  SourceDatabase source;
  source.exec("CREATE TABLE t(id int PRIMARY KEY)");
  const std::string before = source.value("SELECT pg_current_wal_insert_lsn()");
  EXPECT_EQ(trouble(findings_for(source.settings())), "warning superuser role postgres\n");
  EXPECT_EQ(source.value("SELECT count(*) FROM pg_publication"), "0");
  EXPECT_EQ(source.value("SELECT count(*) FROM pg_stat_activity WHERE backend_xid IS NOT NULL"), "0");
}

TEST(PostgresPreflight, TheSqlThatIsNamedGivesAStrangerWhatItNeeds) {
  SourceDatabase source;
  source.exec(R"(
    CREATE SCHEMA shop;
    CREATE TABLE shop.orders(id int PRIMARY KEY); CREATE TABLE plain(id int PRIMARY KEY);
    CREATE TABLE "Odd ""one"""(v text); CREATE TABLE parted(id int PRIMARY KEY) PARTITION BY LIST (id);
    ALTER TABLE plain ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON plain USING (id < 3))");
  const config::ConnectionSettings settings = stranger(source);
  const std::string role = "role " + settings.user;
  PreflightFindings findings = findings_for(settings);
  EXPECT_EQ(trouble(findings), "error replication_right " + role +
                                   "\nerror select_right table shop.orders\nerror select_right table public.plain\n"
                                   "error row_security table public.plain\n"
                                   "error select_right table public.Odd \"one\"\n"
                                   "error select_right table public.parted\n"
                                   "error publication publication pgmirror_test\n"
                                   "warning no_identity table public.Odd \"one\"\n");
  source.exec(remedies(findings, Severity::error));
  findings = findings_for(settings);
  EXPECT_EQ(trouble(findings), "warning no_identity table public.Odd \"one\"\n");
  source.exec(remedies(findings, Severity::warning));
  EXPECT_EQ(source.value("SELECT relreplident FROM pg_class WHERE relname LIKE 'Odd%'"), "f");

  source.exec("CREATE TABLE late(id int PRIMARY KEY); GRANT SELECT ON late TO PUBLIC");
  findings = findings_for(settings);
  EXPECT_EQ(trouble(findings), "error publication publication pgmirror_test\n");
  source.exec(remedies(findings, Severity::error));
  EXPECT_EQ(trouble(findings_for(settings)), "");
}

TEST(PostgresPreflight, K1_K6_K8_V5_TablesWithoutIdentityAreNamedAndMended) {
  SourceDatabase source;
  source.exec(R"(
    CREATE TABLE no_key(v text); CREATE TABLE silent(id int PRIMARY KEY); ALTER TABLE silent REPLICA IDENTITY NOTHING;
    CREATE TABLE late(id int PRIMARY KEY DEFERRABLE); CREATE UNLOGGED TABLE cache(id int PRIMARY KEY);
    CREATE TABLE fine(id int PRIMARY KEY))");
  const PreflightFindings findings = findings_for(source.settings());
  EXPECT_EQ(trouble(findings),
            "warning superuser role postgres\nwarning no_identity table public.no_key\n"
            "warning no_identity table public.silent\nwarning no_identity table public.late\n"
            "warning unlogged table public.cache\n");
  for (const PreflightFinding& finding : findings) {
    if (finding.code == "no_identity" || finding.code == "unlogged") source.exec(finding.sql);
  }
  EXPECT_EQ(trouble(findings_for(source.settings())), "warning superuser role postgres\n");
}

TEST(PostgresPreflight, RulesThatMatchNothingAreNamed) {
  SourceDatabase source;
  source.exec("CREATE TABLE t(id int PRIMARY KEY, v text); CREATE VIEW shown AS SELECT * FROM t");
  EXPECT_EQ(trouble(findings_for(source.settings(), config::TableRules({}, {"shown"}, {"t.w", "t.v"}))),
            "warning superuser role postgres\nwarning rule_without_match rule shown\n"
            "warning rule_without_match rule t.w\n");
  EXPECT_EQ(trouble(findings_for(source.settings(), config::TableRules({"nothing"}, {}, {}))),
            "error no_tables tables\nwarning superuser role postgres\nwarning rule_without_match rule nothing\n");
}

TEST(PostgresPreflight, S16_T27_ServersThatCannotBeFollowedSayWhatToType) {
  ThrowawayPostgres server(
      {.settings = {{"wal_level", "replica"}, {"max_replication_slots", "0"}, {"max_wal_senders", "0"}}});
  config::ConnectionSettings settings = server.administration();
  libpq::Connection administrator = open_source_session(settings, "preflight test");
  administrator.execute("CREATE DATABASE bytes ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
  settings.database = "bytes";
  libpq::Connection inside = open_source_session(settings, "preflight test");
  inside.execute("CREATE TABLE public.t(id int PRIMARY KEY)");
  const PreflightFindings findings = findings_for(settings);
  EXPECT_EQ(trouble(findings),
            "error wal_level server\nerror encoding server\nerror replication_slots server\nerror wal_senders server\n"
            "warning superuser role postgres\n");
  for (const PreflightFinding& finding : findings) {
    if (finding.severity == Severity::error && !finding.sql.empty()) administrator.execute(finding.sql);
  }
}

}  // namespace
}  // namespace pgmirror::tests
