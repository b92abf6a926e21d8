#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>

#include <fstream>

#include "tests/scenario/bank.hpp"
#include "tests/scenario/postgres_mirror/database_bank.hpp"
#include "tests/scenario/postgres_mirror/hostile_mirror.hpp"
#include "tests/support/file_text.hpp"

namespace pgmirror::tests {
namespace {

class HostileAgent : public HostileMirror {
 protected:
  void expect_bank_is_whole() {
    ASSERT_TRUE(pair_.becomes_same());
    EXPECT_EQ(read_bank(pair_.mirror()).fault(), "");
  }
  void while_transfers(const DatabaseBank& bank, std::int64_t count) {
    const auto goal = bank.transfers() + count;
    ASSERT_TRUE(eventually(60s, [&] { return bank.transfers() >= goal; }));
  }
  /// A number of /proc/PID/status, in bytes.
  std::uint64_t memory(const std::string& name) {
    std::ifstream status(fmt::format("/proc/{}/status", pair_.program().pid()));
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with(name + ":")) return std::stoull(line.substr(name.size() + 1)) * 1024;
    }
    throw std::runtime_error("no " + name + " in /proc/PID/status");
  }
};

/// Both have the same past, the same slot and the same mirror.
TEST_F(HostileAgent, A3_CopyOfAnAgentDoesNoHarm) {
  DatabaseBank bank(pair_.source());
  pair_.program().start();
  expect_bank_is_whole();
  ASSERT_EQ(pair_.program().stop(), ProgramEnd{});
  const TemporaryDirectory elsewhere;
  std::filesystem::copy(pair_.state_directory(), elsewhere / "state", std::filesystem::copy_options::recursive);
  MirrorProgram copy(pair_.source(), pair_.mirror(), elsewhere / "state");
  {
    const DatabaseBank::Client client(bank, 1);
    pair_.program().start();
    while_transfers(bank, 100);
    copy.start();
    while_transfers(bank, 300);
    EXPECT_EQ(read_bank(pair_.mirror()).fault(), "");
    pair_.program().kill();
    while_transfers(bank, 300);
    EXPECT_EQ(read_bank(pair_.mirror()).fault(), "");
    copy.kill();
  }
  EXPECT_EQ(slots(), "1");
  // Whichever went on, one of the two has everything or says why it has not.
  pair_.program().start();
  eventually(20s,
             [&] { return !pair_.program().running() || read_bank(pair_.mirror()).transfers == bank.transfers(); });
  EXPECT_EQ(read_bank(pair_.mirror()).fault(), "");
  if (read_bank(pair_.mirror()).transfers != read_bank(pair_.source()).transfers) {
    EXPECT_NE(pair_.program().log().find("resync --all"), std::string::npos) << pair_.program().log();
  }
}

/// One source, two mirrors, an agent for each.
TEST_F(HostileAgent, A3_TwoAgentsWithSlotsOfTheirOwnDoNotDisturbEachOther) {
  mirror_first("CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a')");
  const auto mirror = shared_postgres().create_database();
  const TemporaryDirectory elsewhere;
  MirrorProgram second(pair_.source(), mirror, elsewhere / "state");
  second.set("MIRROR_SLOT", "of_the_second");
  const auto second_becomes_same = [&] {
    return eventually(60s, [&] { return same_database(pair_.source(), mirror, {}, {}); });
  };
  second.start();
  EXPECT_TRUE(second_becomes_same()) << second.log();
  tell_source("INSERT INTO t SELECT g, 'b' FROM generate_series(2, 100) g; ALTER TABLE t ADD n int DEFAULT 5");
  EXPECT_TRUE(pair_.becomes_same());
  EXPECT_TRUE(second_becomes_same()) << second.log();
  second.stop();
  EXPECT_EQ(second.command({"teardown", "--yes"}).end, ProgramEnd{});
  EXPECT_EQ(slots(), "1");
  tell_source("UPDATE t SET v = 'c'");
  EXPECT_TRUE(pair_.becomes_same());
}

TEST_F(HostileAgent, A3_SecondAgentOnTheSameSlotWaitsAndSaysForWhat) {
  mirror_first("CREATE TABLE t(id int PRIMARY KEY)");
  const TemporaryDirectory elsewhere;
  MirrorProgram second(pair_.source(), shared_postgres().create_database(), elsewhere / "state");
  second.start();
  EXPECT_TRUE(eventually(30s, [&] { return second.log().find("is in use") != std::string::npos; })) << second.log();
  tell_source("INSERT INTO t SELECT generate_series(1, 100)");
  EXPECT_TRUE(pair_.becomes_same());
  second.kill();
  EXPECT_EQ(slots(), "1");
}

TEST_F(HostileAgent, A13_ClockThatJumpsByAYearChangesNothing) {
  const TemporaryDirectory directory;
  const auto jump = [&](long seconds) { std::ofstream(directory / "offset") << seconds; };
  constexpr long year = 365L * 24 * 3600;
  jump(0);
  pair_.program().set("LD_PRELOAD", PGMIRROR_OTHER_CLOCK);
  pair_.program().set("OTHER_CLOCK_FILE", (directory / "offset").string());
  DatabaseBank bank(pair_.source());
  pair_.program().start();
  expect_bank_is_whole();
  {
    const DatabaseBank::Client client(bank, 1);
    for (const long offset : {year, -year, 0L, year}) {
      jump(offset);
      while_transfers(bank, 100);
      end_sessions(pair_.mirror());
    }
    EXPECT_TRUE(pair_.logs("2027-")) << "the clock is not ours";
    pair_.program().kill();
    jump(-year);
    pair_.program().start();
    while_transfers(bank, 100);
  }
  expect_bank_is_whole();
  EXPECT_EQ(times_logged("resync"), 0U) << pair_.program().log();
}

TEST_F(HostileAgent, A17_EverySignalLeavesAStateThatGoesOn) {
  DatabaseBank bank(pair_.source());
  pair_.program().start();
  expect_bank_is_whole();
  {
    const DatabaseBank::Client client(bank, 1);
    for (const auto& [signal, end] :
         std::map<int, ProgramEnd>{{SIGTERM, {}}, {SIGINT, {}}, {SIGHUP, {.exit_code = 0, .signal = SIGHUP}}}) {
      while_transfers(bank, 100);
      ::kill(pair_.program().pid(), SIGPIPE);
      ::kill(pair_.program().pid(), signal);
      EXPECT_EQ(pair_.program().wait(20s), end) << "signal " << signal;
      while_transfers(bank, 20);
      pair_.program().start();
      EXPECT_TRUE(eventually(30s, [&] { return healthy(); })) << pair_.program().log();
    }
  }
  expect_bank_is_whole();
}

TEST_F(HostileAgent, A17_StoppedWhileItCopiesItGoesOnCopying) {
  tell_source(
      "CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t SELECT g, repeat(md5(g::text), 8) FROM "
      "generate_series(1, 400000) g");
  pair_.program().start();
  ASSERT_TRUE(eventually(30s, [&] {
    return ask_mirror(
               "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query ILIKE 'COPY%' "
               "AND state = 'active'") != "0";
  })) << pair_.program().log();
  EXPECT_EQ(pair_.program().stop(), ProgramEnd{}) << pair_.program().log();
  tell_source("DELETE FROM t WHERE id % 2 = 0; UPDATE t SET v = 'short' WHERE id % 3 = 0");
  pair_.program().start();
  EXPECT_TRUE(pair_.becomes_same());
}

TEST_F(HostileAgent, A18_LargeTransactionPassesInBoundedMemory) {
  mirror_first("CREATE TABLE t(id int PRIMARY KEY, v text)");
  tell_source("INSERT INTO t SELECT g, repeat('x', 1000) || g FROM generate_series(1, 250000) g");
  EXPECT_TRUE(eventually(90s, [&] { return ask_mirror("SELECT count(*) FROM t") == "250000"; }))
      << pair_.program().log();
  EXPECT_LT(memory("VmHWM"), std::uint64_t{250} << 20U);
}

TEST_F(HostileAgent, A18_AgentThatGetsNoMemoryGoesOnWhereItWas) {
  mirror_first("CREATE TABLE t(id int PRIMARY KEY, v text)");
  const auto all = memory("VmSize");
  const rlimit limit{.rlim_cur = all, .rlim_max = RLIM_INFINITY};
  ASSERT_EQ(prlimit(pair_.program().pid(), RLIMIT_AS, &limit, nullptr), 0);
  tell_source(
      "INSERT INTO t SELECT g, repeat('x', 1000) || g FROM generate_series(1, 30000) g; UPDATE t SET v = 'y' "
      "WHERE id % 2 = 0");
  eventually(5s, [&] { return !pair_.program().running(); });
  if (pair_.program().running()) pair_.program().kill();
  pair_.program().start();
  EXPECT_TRUE(pair_.becomes_same());
}

TEST_F(HostileAgent, A20_CrashLoopPilesNothingUp) {
  mirror_first("CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t SELECT g, g FROM generate_series(1, 1000) g");
  const auto bytes = [&] {
    std::uintmax_t sum = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(pair_.state_directory()))
      if (entry.is_regular_file()) sum += entry.file_size();
    return sum;
  };
  const auto copies = times_logged("[MirrorCopy]");
  ASSERT_GT(copies, 0U);
  const auto before = bytes();
  constexpr int crashes = 40;
  for (int crash = 0; crash < crashes; ++crash) {
    pair_.program().kill();
    tell_source(fmt::format("UPDATE t SET v = 'round {}' WHERE id = 1", crash));
    pair_.program().start();
    let_time_pass(std::chrono::milliseconds(crash * 7));
  }
  EXPECT_TRUE(pair_.becomes_same());
  EXPECT_EQ(slots(), "1");
  EXPECT_EQ(times_logged("[MirrorCopy]"), copies) << "it copied again";
  EXPECT_LT(bytes(), before + (std::uintmax_t{2} << 20U));
}

TEST_F(HostileAgent, C3_WrongWaysToTheSourceAreToldApartWithoutTheSecret) {
  ThrowawayPostgres server;
  const auto rules = server.data_directory() / "pg_hba.conf";
  const std::string before = file_text(rules);
  std::ofstream(rules) << "host all locked 127.0.0.1/32 scram-sha-256\n" << before;
  tell(server.administration(), "CREATE ROLE locked LOGIN REPLICATION PASSWORD 'right'");
  tell(server.administration(), "SELECT pg_reload_conf()");
  config::ConnectionSettings good = server.create_database();
  good.user = "locked";
  good.password = "S3cret-tok";
  config::ConnectionSettings port = good;
  port.port = 1;
  config::ConnectionSettings host = good;
  host.host = "nowhere.invalid";
  config::ConnectionSettings database = good;
  database.user = "postgres";
  database.database = "nothere";
  for (const auto& [settings, words] :
       std::vector<std::pair<config::ConnectionSettings, std::string>>{{good, "password authentication failed"},
                                                                       {port, "refused"},
                                                                       {host, "nowhere.invalid"},
                                                                       {database, "\"nothere\" does not exist"}}) {
    pair_.program().set("MIRROR_SOURCE_URL", connection_url(settings));
    pair_.program().start();
    EXPECT_TRUE(pair_.logs(words));
    pair_.program().kill();
    const FinishedProgram looked = pair_.program().command({"doctor"});
    EXPECT_NE(looked.output.find(words), std::string::npos) << looked.output;
    EXPECT_EQ(looked.output.find("S3cret-tok"), std::string::npos) << looked.output;
  }
  EXPECT_EQ(pair_.program().log().find("S3cret-tok"), std::string::npos) << pair_.program().log();
}

TEST_F(HostileAgent, C5_C6_NeitherSecretsNorRowsAreSaidAnywhere) {
  config::ConnectionSettings source = pair_.source();
  source.password = "S3cret-tok%/@";
  config::ConnectionSettings mirror = pair_.mirror();
  mirror.password = "S3cret-tok#two";
  pair_.program().set("MIRROR_SOURCE_URL", connection_url(source));
  pair_.program().set_mirror(mirror);
  pair_.program().set("MIRROR_LOG_LEVEL", "trace");
  mirror_first("CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, '123-45-6789')");
  tell_mirror("ALTER TABLE t ADD CONSTRAINT theirs CHECK (v NOT LIKE '%-9999')");
  tell_source("INSERT INTO t VALUES (2, '123-45-9999')");
  EXPECT_TRUE(pair_.logs("theirs"));
  end_sessions(pair_.source());
  end_sessions(pair_.mirror());
  std::string said;
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{{"status"},
                                                                                       {"status", "--json"},
                                                                                       {"doctor"},
                                                                                       {"check-config"},
                                                                                       {"queue", "info"},
                                                                                       {"parked", "list"},
                                                                                       {"health"},
                                                                                       {"verify"},
                                                                                       {"nonsense"}}) {
    said += pair_.program().command(command).output;
  }
  said += file_text(fmt::format("/proc/{}/cmdline", pair_.program().pid()));
  said += pair_.program().log();
  EXPECT_GT(said.size(), 2000U);
  EXPECT_EQ(said.find("S3cret"), std::string::npos) << said;
  EXPECT_EQ(said.find("123-45"), std::string::npos) << said;
}

}  // namespace
}  // namespace pgmirror::tests
