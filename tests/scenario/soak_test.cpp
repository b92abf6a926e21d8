#include <chrono>
#include <cstdlib>
#include <random>

#include "tests/scenario/bank.hpp"
#include "tests/scenario/mirrored_store.hpp"
#include "tests/support/tcp_proxy.hpp"

namespace pgmirror::tests {
namespace {

/// Five minutes, or PGMIRROR_SOAK_SECONDS.
std::chrono::seconds soak_time() {
  const char* const given = std::getenv("PGMIRROR_SOAK_SECONDS");
  return std::chrono::seconds{given == nullptr ? 300 : std::atoi(given)};
}

/// A bank, a bad network and a server that crashes.
class Soak : public testing::Test {
 protected:
  TemporaryDirectory directory_;
  Bank bank_{directory_ / "app.db"};
  ThrowawayPostgres server_{{.settings = {{"fsync", "on"}}}};
  config::ConnectionSettings mirror_ = server_.create_database();
  TcpProxy proxy_{mirror_};
  MirrorProgram program_{directory_ / "app.db", proxy_.settings(), directory_ / "state"};
  SqliteDatabase administrator_{directory_ / "app.db"};

  void one_fault(unsigned dice) {
    SCOPED_TRACE(dice);
    switch (dice % 7) {
      case 0:
        program_.kill();
        program_.start();
        return;
      case 1:
        EXPECT_EQ(program_.stop(), ProgramEnd{}) << program_.log();
        administrator_.exec("PRAGMA wal_checkpoint(TRUNCATE)");
        program_.start();
        return;
      case 2:
        proxy_.cut();
        return;
      case 3:
        proxy_.lose_answer_after_frontend_messages(1 + dice % 17);
        return;
      case 4:
        server_.stop_immediately();
        server_.start();
        return;
      case 5:
        proxy_.delay_each_way(std::chrono::milliseconds(dice % 40));
        return;
      default:
        proxy_.black_hole();
        let_time_pass(std::chrono::milliseconds(dice % 1500));
        proxy_.serve();
        return;
    }
  }
};

TEST_F(Soak, NothingIsLostAndNothingTwiceUnderFaultsOfAllKinds) {
  std::mt19937 chance(20261120);
  program_.start();
  ASSERT_TRUE(eventually(60s, [&] { return same_content(directory_ / "app.db", mirror_); })) << program_.log();
  const auto end = std::chrono::steady_clock::now() + soak_time();
  int faults = 0;
  {
    const BusyBank busy(bank_);
    std::int64_t seen = 0;
    while (std::chrono::steady_clock::now() < end) {
      one_fault(std::uniform_int_distribution<unsigned>(0, 100'000)(chance));
      ++faults;
      const auto snapshot = read_bank(mirror_);
      ASSERT_EQ(snapshot.fault(), "") << program_.log();
      // Progress between faults, or they would only hit a mirror that stands still.
      const bool moved = eventually(60s, [&] { return read_bank(mirror_).transfers > seen; });
      ASSERT_TRUE(moved) << program_.log();
      seen = read_bank(mirror_).transfers;
    }
  }
  proxy_.delay_each_way(0ms);
  EXPECT_TRUE(eventually(120s, [&] { return same_content(directory_ / "app.db", mirror_); })) << program_.log();
  EXPECT_EQ(read_bank(mirror_).transfers, bank_.transfers());
  RecordProperty("faults", faults);
}

}  // namespace
}  // namespace pgmirror::tests
