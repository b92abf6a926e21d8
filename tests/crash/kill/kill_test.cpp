// kill_test [--kills N] [--seed N]; also PGMIRROR_KILLS and PGMIRROR_KILL_SEED
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <iostream>
#include <map>
#include <pqxx/pqxx>

#include "tests/crash/kill/busy_store.hpp"
#include "tests/crash/kill_schedule.hpp"
#include "tests/crash/ledger_watch.hpp"
#include "tests/support/connection_text.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/mirror_program.hpp"
#include "tests/support/same_content.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/throwaway_postgres.hpp"

namespace pgmirror::tests {

/// What the command line asks for.
struct KillRun {
  std::uint32_t kills = 25;
  std::uint32_t seed = 20261120;
};

static KillRun& wanted() {
  static KillRun run;
  return run;
}

namespace {

using namespace std::chrono_literals;

const std::vector<KillSchedule::Odds> odds{
    {65, {.agent = true}}, {15, {.mirror = true}}, {10, {.application = true}}, {10, {.agent = true, .mirror = true}}};

/// An application, the program and a mirror with real syncs; each of them is killed.
class Kills : public testing::Test {
 protected:
  void start_application() {
    application_ =
        std::make_unique<ChildProcess>(ProgramCall{.arguments = {PGMIRROR_KILL_APPLICATION, store_.string()}});
  }

  void kill(const Victims& victims) {
    ++killed_[to_string(victims)];
    ASSERT_TRUE(program_.running()) << how_it_ended();
    ASSERT_TRUE(application_->running()) << "the application has ended by itself: " << application_->output();
    if (victims.agent) program_.kill();
    if (victims.mirror) server_.restart_immediately();
    if (victims.agent) program_.start();
    if (victims.application) {
      application_->kill();
      start_application();
    }
  }

  std::string how_it_ended() {
    const auto end = program_.wait(0ms);
    return fmt::format("pgmirror has ended by itself: exit code {}, signal {}\n{}", end.exit_code, end.signal,
                       program_.log());
  }

  std::int64_t applied() const { return watch_.last_number(); }

  std::int64_t ask(const std::string& sql) {
    pqxx::connection connection(connection_string(mirror_));
    return pqxx::nontransaction(connection).exec1(sql)[0].as<std::int64_t>();
  }

  TemporaryDirectory directory_;
  std::filesystem::path store_ = directory_ / "app.db";
  ThrowawayPostgres server_{{.settings = {{"fsync", "on"}, {"full_page_writes", "on"}}}};
  config::ConnectionSettings mirror_ = server_.create_database();
  MirrorProgram program_{store_, mirror_, directory_ / "state"};
  std::unique_ptr<ChildProcess> application_;
  LedgerWatch watch_{mirror_, {.total = BusyStore::total, .tables = BusyStore::tables}};
  std::map<std::string, unsigned> killed_;
};

TEST_F(Kills, LoseNothingAndRepeatNothing) {
  { const BusyStore store(store_); }
  KillSchedule schedule(wanted().seed, odds, {"--all", "account", "history", "ledger"});
  std::cout << fmt::format("{} kills, seed {}\n", wanted().kills, wanted().seed) << std::flush;
  start_application();
  program_.start();
  for (std::uint32_t number = 1; number <= wanted().kills; ++number) {
    const auto next = schedule.next();
    SCOPED_TRACE(fmt::format("kill {}: {}", number, to_string(next)));
    if (next.after == KillSchedule::After::progress) {
      const auto before = applied();
      const bool progress = eventually(90s, [&] { return applied() > before || !program_.running(); });
      ASSERT_TRUE(program_.running()) << how_it_ended();
      ASSERT_TRUE(progress) << "no progress any more\n" << program_.log();
    }
    // Refused while the agent is not up yet: then there is no copy to kill, and that is all.
    if (next.resync) program_.command({"resync", *next.resync});
    let_time_pass(next.delay);
    kill(next.victims);
    if (HasFatalFailure()) return;
    const auto faults = watch_.faults();
    ASSERT_TRUE(faults.empty()) << faults.front() << "\n" << program_.log();
  }
  application_->kill();
  testing::AssertionResult same = testing::AssertionFailure();
  eventually(120s, [&] {
    same = same_content(store_, mirror_);
    return same || !program_.running();
  });
  ASSERT_TRUE(program_.running()) << how_it_ended();
  ASSERT_TRUE(same) << program_.log();

  SqliteDatabase store(store_, SqliteDatabase::Journal::as_is);
  const auto transfers = store.query_integer("SELECT count(*) FROM ledger");
  EXPECT_GT(transfers, wanted().kills);
  EXPECT_EQ(ask("SELECT count(*) FROM ledger"), transfers);
  EXPECT_EQ(ask("SELECT count(DISTINCT number) FROM ledger"), transfers);
  EXPECT_EQ(ask("SELECT max(number) FROM ledger"), transfers);
  const auto faults = watch_.faults();
  EXPECT_TRUE(faults.empty()) << faults.front();
  // Each statement of a batch found exactly the rows that it was made for.
  EXPECT_EQ(program_.log().find("were not as they had been left"), std::string::npos) << program_.log();
  EXPECT_EQ(program_.stop(), ProgramEnd{});
  std::cout << fmt::format("{} transfers, {} snapshots looked at\n", transfers, watch_.snapshots());
  for (const auto& [who, times] : killed_) std::cout << fmt::format("killed {}: {}\n", who, times);
}

}  // namespace
}  // namespace pgmirror::tests

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  auto& run = pgmirror::tests::wanted();
  const auto read = [](const char* text, std::uint32_t& number) {
    const std::string_view digits(text);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return error == std::errc{} && end == digits.data() + digits.size();
  };
  bool understood = true;
  if (const char* kills = std::getenv("PGMIRROR_KILLS")) understood = read(kills, run.kills);
  if (const char* seed = std::getenv("PGMIRROR_KILL_SEED")) understood = read(seed, run.seed) && understood;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view option = argv[i];
    const bool known = i + 1 < argc && (option == "--kills" || option == "--seed");
    understood = understood && known && read(argv[i + 1], option == "--kills" ? run.kills : run.seed);
  }
  if (!understood) {
    std::cerr << "usage: kill_test [--kills N] [--seed N]\n";
    return 64;
  }
  return RUN_ALL_TESTS();
}
