// postgres_kill_test [--minutes N] [--kills N] [--seed N]
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <iostream>
#include <map>
#include <pqxx/pqxx>

#include "tests/crash/kill_schedule.hpp"
#include "tests/crash/ledger_watch.hpp"
#include "tests/crash/postgres_kill/busy_clients.hpp"
#include "tests/crash/postgres_kill/busy_database.hpp"
#include "tests/crash/postgres_kill/kill_run.hpp"
#include "tests/crash/postgres_kill/slot_watch.hpp"
#include "tests/scenario/postgres_mirror/same_database.hpp"
#include "tests/support/connection_text.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/mirror_program.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/throwaway_postgres.hpp"

namespace pgmirror::tests {

static KillRun& wanted() {
  static KillRun run;
  return run;
}

namespace {

using namespace std::chrono_literals;

constexpr unsigned clients = 5;

const std::vector<KillSchedule::Odds> odds{{40, {.agent = true}},
                                           {18, {.source = true}},
                                           {18, {.mirror = true}},
                                           {8, {.agent = true, .source = true}},
                                           {8, {.agent = true, .mirror = true}},
                                           {4, {.source = true, .mirror = true}},
                                           {4, {.agent = true, .source = true, .mirror = true}}};

const PostgresOptions real_syncs{
    .settings = {{"fsync", "on"}, {"full_page_writes", "on"}, {"wal_sender_timeout", "10s"}}};

/// Two servers with real syncs, clients that never stop, and the program between; all but the clients are killed.
class DatabaseKills : public testing::Test {
 protected:
  void kill(const KillSchedule::Kill& kill) {
    const auto& [agent, source, mirror, application] = kill.victims;
    ++killed_[to_string(kill.victims)];
    ASSERT_TRUE(program_.running()) << ended();
    if (agent) program_.kill();
    if (source) source_server_.kill();
    if (mirror) mirror_server_.kill();
    // While nobody moves the queue's end any more.
    if (agent && !source) expect_slot_behind_queue();
    if (agent && kill.agent_comes_up_first) program_.start();
    if (source) source_server_.start();
    if (mirror) mirror_server_.start();
    expect_slot_behind_queue();
    if (agent && !kill.agent_comes_up_first) program_.start();
  }

  void expect_slot_behind_queue() {
    ++slot_checks_;
    EXPECT_EQ(slot_fault(source_, state_), "");
  }

  std::string ended() { return fmt::format("pgmirror {} by itself\n{}", program_.fate(), program_.log()); }

  static std::int64_t ask(const config::ConnectionSettings& database, const std::string& sql) {
    pqxx::connection connection(connection_string(database));
    return pqxx::nontransaction(connection).exec1(sql)[0].as<std::int64_t>();
  }

  /// Waits until something new was applied.
  void await_progress(const LedgerWatch& watch) {
    const auto before = watch.last_number();
    const bool progress = eventually(90s, [&] { return watch.last_number() > before || !program_.running(); });
    ASSERT_TRUE(program_.running()) << ended();
    ASSERT_TRUE(progress) << "no progress any more\n" << program_.log();
  }

  void expect_equal_ends(const BusyClients& done) {
    testing::AssertionResult same = testing::AssertionFailure();
    eventually(120s, [&] {
      same = same_database(source_, mirror_);
      return same || !program_.running();
    });
    ASSERT_TRUE(program_.running()) << ended();
    ASSERT_TRUE(same) << program_.log();
    EXPECT_EQ(ask(source_, "SELECT count(*) FROM pg_catalog.pg_replication_slots"), 1);
    EXPECT_EQ(ask(mirror_, "SELECT count(*) FROM pgmirror.parked"), 0);
    // Each statement of a batch found exactly the rows that it was made for.
    EXPECT_EQ(program_.log().find("were not as they had been left"), std::string::npos) << program_.log();

    const auto transfers = ask(source_, "SELECT count(*) FROM ledger");
    const auto distinct = ask(mirror_, "SELECT count(DISTINCT number) FROM ledger");
    const auto rows = ask(mirror_, "SELECT count(*) FROM ledger");
    EXPECT_GE(transfers, done.transfers());
    EXPECT_EQ(distinct, transfers);
    EXPECT_EQ(rows, transfers);
    std::cout << fmt::format("transactions {}, transfers {}; in the mirror lost {}, twice {}\n", done.transactions(),
                             transfers, transfers - distinct, rows - distinct);
  }

  ThrowawayPostgres source_server_{real_syncs};
  ThrowawayPostgres mirror_server_{real_syncs};
  config::ConnectionSettings source_ = source_server_.create_database();
  config::ConnectionSettings mirror_ = mirror_server_.create_database();
  TemporaryDirectory directory_;
  std::filesystem::path state_ = directory_ / "state";
  MirrorProgram program_{source_, mirror_, state_};
  std::map<std::string, unsigned> killed_;
  unsigned slot_checks_ = 0;
};

TEST_F(DatabaseKills, LoseNothingAndRepeatNothing) {
  BusyDatabase::create(source_);
  KillSchedule schedule(wanted().seed, odds, {"--all", "account", "history", "ledger", "document"});
  BusyClients writers(source_, clients, wanted().seed);
  const LedgerWatch watch(mirror_, {.total = BusyDatabase::total, .tables = BusyDatabase::tables});
  program_.start();
  const auto began = std::chrono::steady_clock::now();
  for (std::uint32_t number = 0; wanted().goes_on(number, began); ++number) {
    const auto next = schedule.next();
    SCOPED_TRACE(fmt::format("kill {}: {}", number + 1, to_string(next)));
    if (next.after == KillSchedule::After::progress) await_progress(watch);
    if (HasFatalFailure()) return;
    // Refused while the agent is not up yet: then there is no copy to kill, and that is all.
    if (next.resync) program_.command({"resync", *next.resync});
    let_time_pass(next.delay);
    kill(next);
    ASSERT_FALSE(HasFailure()) << program_.log();
    const auto faults = watch.faults();
    ASSERT_TRUE(faults.empty()) << faults.front() << "\n" << program_.log();
    const auto refusals = writers.refusals();
    ASSERT_TRUE(refusals.empty()) << refusals.front();
  }
  await_progress(watch);
  if (HasFatalFailure()) return;
  writers.stop();
  expect_equal_ends(writers);
  if (HasFatalFailure()) return;
  const auto faults = watch.faults();
  EXPECT_TRUE(faults.empty()) << faults.front();
  EXPECT_EQ(program_.command({"verify"}).end, ProgramEnd{});
  EXPECT_EQ(program_.stop(), ProgramEnd{});
  expect_slot_behind_queue();
  std::cout << fmt::format("seed {}, {} snapshots of the mirror, {} looks at the slot\n", wanted().seed,
                           watch.snapshots(), slot_checks_);
  for (const auto& [who, times] : killed_) std::cout << fmt::format("killed {}: {}\n", who, times);
}

}  // namespace
}  // namespace pgmirror::tests

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const auto run = pgmirror::tests::KillRun::read(argc, argv);
  if (!run) {
    std::cerr << "usage: postgres_kill_test [--minutes N] [--kills N] [--seed N]\n";
    return 64;
  }
  pgmirror::tests::wanted() = *run;
  return RUN_ALL_TESTS();
}
