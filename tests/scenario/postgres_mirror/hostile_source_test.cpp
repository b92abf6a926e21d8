#include <fmt/format.h>

#include "tests/scenario/postgres_mirror/hostile_mirror.hpp"
#include "tests/support/tcp_proxy.hpp"
#include "tests/support/transaction_pooler.hpp"

namespace pgmirror::tests {
namespace {

using Clock = std::chrono::steady_clock;

/// A source on a server of its own, since roles and settings belong to the whole cluster.
class HostileSource : public HostileMirror {
 protected:
  HostileSource() : HostileSource(std::make_unique<ThrowawayPostgres>()) {}
  explicit HostileSource(std::unique_ptr<ThrowawayPostgres> server)
      : HostileMirror(*server, shared_postgres()), server_(std::move(server)) {}

  /// Follows the source as a role that owns the table, and nothing more than it needs.
  void follow_as_owner(const std::string& table) {
    tell_source("CREATE ROLE follower LOGIN REPLICATION PASSWORD 'S3cret-tok'; ALTER TABLE " + table +
                " OWNER TO follower; GRANT CREATE ON DATABASE " + pair_.source().database + " TO follower");
    config::ConnectionSettings settings = pair_.source();
    settings.user = "follower";
    settings.password = "S3cret-tok";
    pair_.program().set("MIRROR_SOURCE_URL", connection_url(settings));
  }

  std::unique_ptr<ThrowawayPostgres> server_;
};

TEST_F(HostileSource, S2_FastShutdownIsNotHeldUp) {
  mirror_first("CREATE TABLE t(id int PRIMARY KEY); INSERT INTO t VALUES (0)");
  for (int round = 1; round <= 2; ++round) {
    tell_source(fmt::format("INSERT INTO t SELECT generate_series({0}00001, {0}50000)", round));
    const auto begin = Clock::now();
    server_->stop();
    EXPECT_LT(Clock::now() - begin, 15s);
    server_->start();
    EXPECT_TRUE(pair_.becomes_same());
  }
}

TEST_F(HostileSource, D17_FiltersOnOurPublicationAreTakenAway) {
  mirror_first("CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t SELECT g, g FROM generate_series(1, 100) g");
  const std::string publication = "ALTER PUBLICATION pgmirror_" + pair_.source().database;
  tell_source(publication + " SET TABLE ONLY t WHERE (id < 50)");
  tell_source("INSERT INTO t VALUES (200, 'hidden'); DELETE FROM t WHERE id = 77");
  EXPECT_TRUE(pair_.becomes_same());
  EXPECT_TRUE(pair_.logs("row filter"));
  tell_source(publication + " SET TABLE ONLY t (id)");
  tell_source("INSERT INTO t VALUES (201, 'hidden'); UPDATE t SET v = 'hidden' WHERE id = 3");
  // The stream tells of a table without the hidden column until the list is gone.
  const auto healed = [&] {
    const std::string log = pair_.program().log();
    const auto place = log.rfind("[MirrorCopy] public.t: ");
    return place != std::string::npos && place > log.rfind("row filter");
  };
  const auto list_seen = [&] {
    const std::string log = pair_.program().log();
    return log.find("row filter") != log.rfind("row filter");
  };
  ASSERT_TRUE(eventually(30s, [&] { return list_seen() && healed(); })) << pair_.program().log();
  tell_source("INSERT INTO t VALUES (202, 'seen')");
  EXPECT_TRUE(pair_.becomes_same());
}

/// Empty transactions and keepalives while a real one is open, and the mirror away: nothing may be acknowledged that
/// would be needed after a crash of everything.
TEST_F(HostileSource, S5_X8_NothingIsAcknowledgedPastWhatIsInFlight) {
  TcpProxy to_mirror(pair_.mirror());
  pair_.program().set_mirror(to_mirror.settings());
  pair_.program().set("MIRROR_EXCLUDE_TABLES", "quiet");
  tell_source("CREATE TABLE t(id int PRIMARY KEY, v text); CREATE TABLE quiet(id int)");
  const std::set<std::string> left_out{"public.quiet"};
  pair_.program().start();
  ASSERT_TRUE(pair_.becomes_same({}, left_out));
  to_mirror.refuse();
  pqxx::connection application(connection_string(pair_.source()));
  pqxx::work open(application);
  open.exec("INSERT INTO t SELECT g, 'in flight' FROM generate_series(1, 5000) g");
  tell_source("INSERT INTO t VALUES (-1, 'committed while the mirror is away')");
  tell_source("DO $$ BEGIN FOR i IN 1..3000 LOOP INSERT INTO quiet VALUES (i); COMMIT; END LOOP; END $$");
  const std::string written = ask_source("SELECT pg_current_wal_lsn()");
  EXPECT_TRUE(eventually(30s, [&] {
    return ask_source("SELECT confirmed_flush_lsn >= '" + written + "' FROM pg_replication_slots") == "t";
  })) << "the slot stands still because of the open transaction or the mirror";
  pair_.program().kill();
  open.commit();
  server_->restart_immediately();
  to_mirror.serve();
  pair_.program().start();
  EXPECT_TRUE(pair_.becomes_same({}, left_out));
}

TEST_F(HostileSource, S12_RowsHiddenByPoliciesAreRefusedNotLeftOut) {
  tell_source(
      "CREATE TABLE t(id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 10); ALTER TABLE t ENABLE ROW LEVEL "
      "SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY; CREATE POLICY few ON t USING (id <= 3)");
  follow_as_owner("t");
  pair_.program().start();
  EXPECT_TRUE(pair_.logs("row-level security"));
  EXPECT_FALSE(healthy());
  EXPECT_EQ(ask_mirror("SELECT count(*) FROM pg_tables WHERE tablename = 't'") == "0"
                ? "0"
                : ask_mirror("SELECT count(*) FROM t"),
            "0");
  tell_source("ALTER ROLE follower BYPASSRLS");
  // Ends a long pause between two attempts.
  EXPECT_EQ(pair_.program().command({"resume"}).end, ProgramEnd{});
  EXPECT_TRUE(pair_.becomes_same());
}

TEST_F(HostileSource, S17_RoleThatLosesItsRightsIsNamedWaitedForAndNotPestered) {
  tell_source("CREATE TABLE t(id int PRIMARY KEY); INSERT INTO t VALUES (1)");
  follow_as_owner("t");
  pair_.program().start();
  ASSERT_TRUE(pair_.becomes_same());
  tell_source("ALTER ROLE follower NOLOGIN");
  end_sessions(pair_.source());
  EXPECT_TRUE(pair_.logs("not permitted to log in"));
  tell_source("INSERT INTO t VALUES (2)");
  const auto attempts = [&] {
    const std::string log = server_->log();
    std::size_t count = 0;
    for (auto at = log.find("not permitted"); at != std::string::npos; at = log.find("not permitted", at + 1)) ++count;
    return count;
  };
  let_time_pass(4s);
  EXPECT_LT(attempts(), 60U);
  EXPECT_TRUE(pair_.program().running()) << pair_.program().log();
  tell_source("ALTER ROLE follower LOGIN NOREPLICATION");
  EXPECT_TRUE(pair_.logs("must be superuser or replication role"));
  tell_source("ALTER ROLE follower REPLICATION");
  EXPECT_TRUE(pair_.becomes_same());
  EXPECT_EQ(pair_.program().log().find("S3cret-tok"), std::string::npos);
}

TEST_F(HostileSource, S19_PoolerBeforeTheSourceIsRefusedByName) {
  tell_source("CREATE TABLE t(id int PRIMARY KEY)");
  TransactionPooler pooler(pair_.source());
  pair_.program().set("MIRROR_SOURCE_URL", connection_url(pooler.settings()));
  const FinishedProgram looked = pair_.program().command({"doctor"});
  EXPECT_EQ(looked.end.exit_code, 1) << looked.output;
  EXPECT_NE(looked.output.find("pooler"), std::string::npos) << looked.output;
  pair_.program().start();
  EXPECT_TRUE(pair_.logs("unsupported startup parameter: replication"));
  EXPECT_EQ(slots(), "0");
}

TEST(HostileSourceServer, S16_ServerWithoutLogicalLogIsRefusedWithWhatToType) {
  ThrowawayPostgres server({.settings = {{"wal_level", "replica"}}});
  DatabaseAndMirror pair(server, shared_postgres());
  pair.run("CREATE TABLE t(id int PRIMARY KEY)");
  pair.program().start();
  EXPECT_EQ(pair.program().wait(30s), (ProgramEnd{.exit_code = 78}));
  EXPECT_TRUE(pair.logs("ALTER SYSTEM SET wal_level = logical"));
  server.set("wal_level", "logical");
  server.stop();
  server.start();
  pair.program().start();
  EXPECT_TRUE(pair.becomes_same());
}

TEST(HostileSourceServer, T27_DatabaseWithoutAnEncodingIsRefused) {
  DatabaseAndMirror pair;
  pair.run("CREATE DATABASE raw_bytes ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0");
  config::ConnectionSettings raw = pair.source();
  raw.database = "raw_bytes";
  pair.program().set("MIRROR_SOURCE_URL", connection_url(raw));
  pair.program().start();
  EXPECT_EQ(pair.program().wait(30s), (ProgramEnd{.exit_code = 78}));
  EXPECT_TRUE(pair.logs("SQL_ASCII"));
}

TEST(HostileSourceServer, T27_DatabaseInLatin1ArrivesInUtf8) {
  DatabaseAndMirror pair;
  pair.run("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
  config::ConnectionSettings latin = pair.source();
  latin.database = "latin";
  const auto tell = [&](const std::string& sql) {
    pqxx::connection connection(connection_string(latin));
    pqxx::nontransaction(connection).exec(sql);
  };
  tell("CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'caf' || chr(233))");
  pair.program().set("MIRROR_SOURCE_URL", connection_url(latin));
  pair.program().start();
  tell("INSERT INTO t VALUES (2, chr(233) || chr(252))");
  pqxx::connection mirror(connection_string(pair.mirror()));
  const auto arrived = [&] {
    try {
      return pqxx::nontransaction(mirror)
          .exec1("SELECT string_agg(v, ',' ORDER BY id) = U&'caf\\00e9,\\00e9\\00fc' FROM t")[0]
          .as<bool>(false);
    } catch (const pqxx::sql_error&) {
      return false;
    }
  };
  EXPECT_TRUE(eventually(30s, arrived)) << pair.program().log();
  const FinishedProgram compared = pair.program().command({"verify"});
  EXPECT_EQ(compared.end.exit_code, 0) << compared.output;
}

}  // namespace
}  // namespace pgmirror::tests
