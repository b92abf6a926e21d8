#include <random>

#include "tests/scenario/bank.hpp"
#include "tests/scenario/postgres_mirror/database_bank.hpp"
#include "tests/scenario/postgres_mirror/mirrored_database.hpp"
#include "tests/support/tcp_proxy.hpp"

namespace pgmirror::tests {
namespace {

/// A bank on a server of its own, its mirror on another, the program between them; both lines go through proxies.
class DatabaseUnderFaults : public testing::Test {
 protected:
  DatabaseUnderFaults() {
    program_.start();
    const auto copied = becomes_same();
    if (!copied) throw std::runtime_error(copied.message());
  }

  testing::AssertionResult becomes_same() {
    auto result = eventually(90s, [&] {
      if (!program_.running()) return testing::AssertionFailure() << "pgmirror " << program_.fate();
      return mirrored_database(source_, mirror_);
    });
    if (!result) result << "\npgmirror's log:\n" << program_.log();
    return result;
  }
  void while_transfers(std::int64_t count) {
    const auto goal = bank_.transfers() + count;
    ASSERT_TRUE(eventually(60s, [&] { return bank_.transfers() >= goal; }));
  }
  void expect_nothing_lost_and_nothing_twice() {
    ASSERT_TRUE(becomes_same());
    EXPECT_EQ(read_bank(mirror_).fault(), "");
    EXPECT_EQ(read_bank(source_).transfers, read_bank(mirror_).transfers);
  }
  std::string at_source(const std::string& query) {
    pqxx::connection connection(connection_string(source_));
    return pqxx::nontransaction(connection).exec1(query)[0].as<std::string>();
  }
  /// Bytes of the source's log between what the slot needs not any more and `end`.
  std::int64_t kept_from(const std::string& end) {
    return std::stoll(at_source("SELECT pg_wal_lsn_diff(" + end +
                                ", confirmed_flush_lsn)::bigint"
                                " FROM pg_replication_slots WHERE NOT temporary"));
  }
  void hide_mirror() {
    to_mirror_.refuse();
    to_mirror_.cut();
  }
  int chance(int first, int last) { return std::uniform_int_distribution(first, last)(randomness_); }

  ThrowawayPostgres source_server_{{.settings = {{"wal_sender_timeout", "5s"}}}};
  ThrowawayPostgres mirror_server_;
  config::ConnectionSettings source_ = source_server_.create_database();
  config::ConnectionSettings mirror_ = mirror_server_.create_database();
  DatabaseBank bank_{source_};
  TcpProxy to_source_{source_};
  TcpProxy to_mirror_{mirror_};
  TemporaryDirectory directory_;
  MirrorProgram program_{to_source_.settings(), to_mirror_.settings(), directory_ / "state"};
  std::mt19937 randomness_{20261120};
};

TEST_F(DatabaseUnderFaults, A1_KilledAgentGoesOnWhereItWas) {
  {
    const DatabaseBank::Client one(bank_, 1);
    const DatabaseBank::Client two(bank_, 2);
    for (int round = 0; round < 8; ++round) {
      while_transfers(chance(50, 300));
      program_.kill();
      while_transfers(chance(0, 100));
      program_.start();
      while_transfers(chance(0, 50));
      EXPECT_EQ(read_bank(mirror_).fault(), "");
    }
  }
  expect_nothing_lost_and_nothing_twice();
}

TEST_F(DatabaseUnderFaults, S1_SourceThatCrashesIsFollowedOn) {
  {
    const DatabaseBank::Client one(bank_, 1);
    for (int round = 0; round < 4; ++round) {
      while_transfers(chance(50, 200));
      source_server_.restart_immediately();
      while_transfers(chance(1, 50));
      EXPECT_EQ(read_bank(mirror_).fault(), "");
    }
  }
  expect_nothing_lost_and_nothing_twice();
}

TEST_F(DatabaseUnderFaults, G2_MirrorThatCrashesGetsEachCommitOnce) {
  {
    const DatabaseBank::Client one(bank_, 1);
    for (int round = 0; round < 4; ++round) {
      while_transfers(chance(50, 200));
      mirror_server_.restart_immediately();
      while_transfers(chance(1, 50));
    }
  }
  expect_nothing_lost_and_nothing_twice();
}

TEST_F(DatabaseUnderFaults, S8_CutLinesToTheSourceCostNothing) {
  {
    const DatabaseBank::Client one(bank_, 1);
    for (int round = 0; round < 10; ++round) {
      while_transfers(chance(20, 80));
      to_source_.cut();
    }
  }
  expect_nothing_lost_and_nothing_twice();
}

TEST_F(DatabaseUnderFaults, G3_LostAnswersOfTheMirrorAreFoundOut) {
  {
    const DatabaseBank::Client one(bank_, 1);
    for (int round = 0; round < 15; ++round) {
      const auto connections = to_mirror_.connections();
      to_mirror_.lose_answer_after_frontend_messages(static_cast<std::uint64_t>(chance(1, 12)));
      ASSERT_TRUE(eventually(30s, [&] { return to_mirror_.connections() > connections; })) << program_.log();
      const auto before = read_bank(mirror_);
      EXPECT_EQ(before.fault(), "");
      // The next one meets a session at work again, not one that is only coming up.
      ASSERT_TRUE(eventually(30s, [&] { return read_bank(mirror_).transfers > before.transfers; })) << program_.log();
    }
  }
  expect_nothing_lost_and_nothing_twice();
}

/// A mirror that is away holds nothing up at the source: the slot moves on while the queue keeps what comes.
TEST_F(DatabaseUnderFaults, G1_MirrorThatIsDownCostsTheSourceNothing) {
  hide_mirror();
  {
    const DatabaseBank::Client one(bank_, 1);
    while_transfers(500);
  }
  EXPECT_TRUE(eventually(30s, [&] { return kept_from("pg_current_wal_lsn()") < 65536; }));
  to_mirror_.serve();
  expect_nothing_lost_and_nothing_twice();
}

/// What the queue has reaches the mirror though the source may never come back.
TEST_F(DatabaseUnderFaults, S8_AgentThatStartsWithoutItsSourceDeliversItsQueue) {
  hide_mirror();
  {
    const DatabaseBank::Client one(bank_, 1);
    while_transfers(300);
  }
  const std::string end = at_source("SELECT pg_current_wal_lsn()");
  ASSERT_TRUE(eventually(30s, [&] { return kept_from("'" + end + "'") <= 0; }));
  program_.kill();
  to_source_.refuse();
  to_source_.cut();
  program_.start();
  to_mirror_.serve();
  EXPECT_TRUE(eventually(30s, [&] { return read_bank(mirror_).transfers == read_bank(source_).transfers; }))
      << program_.log();
  const std::string status = program_.command({"status"}).output;
  EXPECT_NE(status.find("source postgresql://"), std::string::npos) << status;
  {
    const DatabaseBank::Client one(bank_, 1);
    while_transfers(20);
  }
  to_source_.serve();
  expect_nothing_lost_and_nothing_twice();
  EXPECT_NE(program_.log().find("The source can be followed again"), std::string::npos) << program_.log();
}

}  // namespace
}  // namespace pgmirror::tests
