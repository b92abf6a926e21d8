#include "tests/scenario/bank.hpp"
#include "tests/scenario/mirrored_store.hpp"

namespace pgmirror::tests {
namespace {

/// A server of its own with real syncs, since it is going to crash.
class BankOnCrashingServer : public testing::Test {
 protected:
  TemporaryDirectory directory_;
  Bank bank_{directory_ / "app.db"};
  // A second of commits may be lost in a crash: applied, acknowledged, gone.
  ThrowawayPostgres server_{{.settings = {{"fsync", "on"}, {"wal_writer_delay", "1000ms"}}}};
  config::ConnectionSettings mirror_ = server_.create_database();
  MirrorProgram program_{directory_ / "app.db", mirror_, directory_ / "state"};
};

TEST_F(BankOnCrashingServer, LosesNothingWhenTheServerForgetsItsLastCommits) {
  program_.start();
  ASSERT_TRUE(eventually(60s, [&] { return bool(same_content(directory_ / "app.db", mirror_)); })) << program_.log();
  {
    const BusyBank busy(bank_);
    for (int round = 0; round < 6; ++round) {
      const auto before = read_bank(mirror_).transfers;
      ASSERT_TRUE(eventually(60s, [&] { return read_bank(mirror_).transfers > before + 100; })) << program_.log();
      server_.stop_immediately();
      server_.start();
      EXPECT_EQ(read_bank(mirror_).fault(), "");
    }
  }
  EXPECT_TRUE(eventually(90s, [&] { return same_content(directory_ / "app.db", mirror_); })) << program_.log();
  EXPECT_EQ(read_bank(mirror_).transfers, bank_.transfers());
}

}  // namespace
}  // namespace pgmirror::tests
