#include <chrono>
#include <pqxx/pqxx>
#include <random>

#include "tests/scenario/bank.hpp"
#include "tests/scenario/mirrored_store.hpp"
#include "tests/support/connection_text.hpp"
#include "tests/support/tcp_proxy.hpp"

namespace pgmirror::tests {
namespace {

/// A bank whose mirror is reached through a bad network; the program is given the proxy's address.
class BankUnderFaults : public MirroredStore {
 protected:
  BankUnderFaults() {
    program_.set_mirror(proxy_.settings());
    program_.start();
    if (!becomes_same()) throw std::runtime_error("the first copy failed:\n" + program_.log());
  }

  /// Until the bank has made `count` more transfers.
  void while_transfers(std::int64_t count) {
    const auto goal = bank_.transfers() + count;
    ASSERT_TRUE(eventually(60s, [&] { return bank_.transfers() >= goal; }));
  }
  void expect_nothing_lost_and_nothing_twice() {
    ASSERT_TRUE(becomes_same()) << bank_.transfers() << " transfers";
    const auto snapshot = read_bank(mirror_);
    EXPECT_EQ(snapshot.fault(), "");
    EXPECT_EQ(snapshot.transfers, bank_.transfers());
  }

  Bank bank_{application_.file()};
  TcpProxy proxy_{mirror_};
  int chance(int first, int last) { return std::uniform_int_distribution(first, last)(randomness_); }

  std::mt19937 randomness_{20261120};
};

TEST_F(BankUnderFaults, KilledAgentGoesOnWhereItWas) {
  {
    const BusyBank busy(bank_);
    for (int round = 0; round < 8; ++round) {
      while_transfers(chance(100, 500));
      program_.kill();
      while_transfers(chance(0, 200));
      program_.start();
      while_transfers(chance(0, 100));
      EXPECT_EQ(read_bank(mirror_).fault(), "");
    }
  }
  expect_nothing_lost_and_nothing_twice();
}

TEST_F(BankUnderFaults, CutConnectionsCostNothing) {
  {
    const BusyBank busy(bank_);
    for (int round = 0; round < 30; ++round) {
      while_transfers(chance(20, 80));
      proxy_.cut();
      EXPECT_EQ(read_bank(mirror_).fault(), "");
    }
  }
  expect_nothing_lost_and_nothing_twice();
}

TEST_F(BankUnderFaults, LostAnswersAreFoundOutNotGuessed) {
  {
    const BusyBank busy(bank_);
    for (int round = 0; round < 25; ++round) {
      const auto connections = proxy_.connections();
      proxy_.lose_answer_after_frontend_messages(static_cast<std::uint64_t>(chance(1, 12)));
      ASSERT_TRUE(eventually(30s, [&] { return proxy_.connections() > connections; })) << program_.log();
      const auto before = read_bank(mirror_);
      EXPECT_EQ(before.fault(), "");
      // The next one meets a session at work again, not one that is only coming up.
      ASSERT_TRUE(eventually(30s, [&] { return read_bank(mirror_).transfers > before.transfers; })) << program_.log();
    }
  }
  expect_nothing_lost_and_nothing_twice();
}

TEST_F(BankUnderFaults, MirrorThatIsDownCostsTheApplicationNothing) {
  proxy_.refuse();
  const BusyBank busy(bank_);
  while_transfers(3000);
  // The agent takes everything out of the way: the application's log is not pinned by a mirror that is away.
  EXPECT_TRUE(eventually(
      30s, [&] { return std::filesystem::file_size(application_.file().string() + "-wal") < (32U << 20U); }));
  EXPECT_NE(program_.command({"health"}).end, ProgramEnd{}) << "health must be red while the mirror is away";
  proxy_.serve();
  EXPECT_TRUE(eventually(90s, [&] { return read_bank(mirror_).transfers >= 3000; })) << program_.fate() << "\n"
                                                                                     << program_.log();
}

TEST_F(BankUnderFaults, MirrorBehindABlackHoleIsReachedAgain) {
  {
    const BusyBank busy(bank_);
    while_transfers(200);
    proxy_.black_hole();
    while_transfers(500);
    proxy_.serve();
  }
  expect_nothing_lost_and_nothing_twice();
}

/// Nobody answers, and the connection attempts themselves would take longer than a supervisor waits.
TEST_F(BankUnderFaults, EndsWhenAskedWhileTheMirrorDoesNotAnswer) {
  {
    const BusyBank busy(bank_);
    while_transfers(200);
    proxy_.black_hole();
    while_transfers(200);
    EXPECT_EQ(program_.stop(), ProgramEnd{}) << program_.log();
  }
  proxy_.serve();
  program_.start();
  expect_nothing_lost_and_nothing_twice();
}

/// The restored queue counts to the position that the mirror has reached, with another commit.
TEST_F(BankUnderFaults, StateRestoredFromAnOlderBackupIsRefusedUntilEverythingIsCompared) {
  ASSERT_TRUE(becomes_same());
  ASSERT_EQ(program_.stop(), ProgramEnd{});
  constexpr const char* advice = "run \"pgmirror resync --all\"";
  const auto copy = [](const std::filesystem::path& from, const std::filesystem::path& to) {
    std::filesystem::remove_all(to);
    std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
  };
  const auto refusals = [this] {
    const std::string log = program_.log();
    int count = 0;
    for (std::size_t at = log.find(advice); at != std::string::npos; at = log.find(advice, at + 1)) ++count;
    return count;
  };
  copy(directory_ / "state", directory_ / "backup");
  program_.start();
  application_.exec("CREATE TABLE later (id INTEGER PRIMARY KEY)");
  ASSERT_TRUE(becomes_same());
  ASSERT_EQ(program_.stop(), ProgramEnd{});
  copy(directory_ / "backup", directory_ / "state");
  application_.exec("INSERT INTO later VALUES (1)");
  // The first time the queue may still be behind the mirror, which is refused as well.
  for (int starts = 1; starts <= 2; ++starts) {
    program_.start();
    ASSERT_TRUE(eventually(30s, [&] { return refusals() == starts; })) << program_.log();
    EXPECT_NE(program_.command({"health"}).end, ProgramEnd{});
    ASSERT_EQ(program_.stop(), ProgramEnd{});
  }
  ASSERT_NE(program_.log().find("its last commit"), std::string::npos) << program_.log();
  program_.start();
  // Until it listens.
  EXPECT_TRUE(eventually(30s, [&] { return program_.command({"resync", "--all"}).end == ProgramEnd{}; }));
  EXPECT_TRUE(becomes_same());
}

/// Orders that were accepted while the mirror was away, which was spoiled before.
class OrdersUnderFaults : public BankUnderFaults {
 protected:
  void order_and_kill(const std::vector<std::string>& order) {
    pqxx::connection connection(connection_string(mirror_));
    pqxx::nontransaction(connection).exec("DELETE FROM account WHERE id % 2 = 0");
    proxy_.refuse();
    const auto ordered = program_.command(order);
    EXPECT_EQ(ordered.end, ProgramEnd{}) << ordered.output;
    program_.kill();
    proxy_.serve();
    program_.start();
  }
};

TEST_F(OrdersUnderFaults, ToCopyATableAgainOutliveTheAgent) {
  order_and_kill({"resync", "account"});
  EXPECT_TRUE(becomes_same());
}

TEST_F(OrdersUnderFaults, ToCopyEverythingAgainOutliveTheAgent) {
  order_and_kill({"resync", "--all"});
  EXPECT_TRUE(becomes_same());
}

TEST_F(OrdersUnderFaults, ToVerifyAreAnsweredWhenTheMirrorIsAway) {
  proxy_.refuse();
  const auto verified = program_.command({"verify", "--repair"});
  EXPECT_EQ(verified.end, (ProgramEnd{75, 0})) << verified.output;
  EXPECT_NE(verified.output.find("mirror"), std::string::npos) << verified.output;
}

}  // namespace
}  // namespace pgmirror::tests
