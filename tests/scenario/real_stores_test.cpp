#include <gtest/gtest.h>

#include <chrono>

#include "tests/support/eventually.hpp"
#include "tests/support/mirror_program.hpp"
#include "tests/support/same_content.hpp"
#include "tests/support/sqlite_database.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/throwaway_postgres.hpp"

namespace pgmirror::tests {
namespace {

using namespace std::chrono_literals;

/// Stores as well-known applications lay them out; the parameter names the files in tests/scenario/stores.
class RealStore : public testing::TestWithParam<const char*> {
 protected:
  RealStore() { application_.exec_file(script("")); }

  std::filesystem::path script(const std::string& part) const {
    return std::filesystem::path(PGMIRROR_STORES) / (std::string(GetParam()) + part + ".sql");
  }
  testing::AssertionResult becomes_same() {
    return eventually(60s, [this] {
      if (!program_.running()) return testing::AssertionFailure() << "pgmirror has ended:\n" << program_.log();
      auto result = same_content(application_.file(), mirror_);
      return result ? result : result << "\npgmirror's log:\n" << program_.log();
    });
  }

  TemporaryDirectory directory_;
  SqliteDatabase application_{directory_ / "app.db"};
  config::ConnectionSettings mirror_ = shared_postgres().create_database();
  MirrorProgram program_{application_.file(), mirror_, directory_ / "state"};
};

TEST_P(RealStore, IsCopiedFollowedAndVerified) {
  program_.start();
  ASSERT_TRUE(becomes_same());
  application_.exec_file(script(".work"));
  ASSERT_TRUE(becomes_same());
  const auto verified = program_.command({"verify"});
  EXPECT_EQ(verified.end, ProgramEnd{}) << verified.output;
  EXPECT_EQ(program_.stop(), ProgramEnd{}) << program_.log();
}

TEST_P(RealStore, CatchesUpWithWhatHappenedWhileNobodyFollowed) {
  program_.start();
  ASSERT_TRUE(becomes_same());
  ASSERT_EQ(program_.stop(), ProgramEnd{}) << program_.log();
  application_.exec_file(script(".work"));
  application_.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  program_.start();
  EXPECT_TRUE(becomes_same());
}

INSTANTIATE_TEST_SUITE_P(Applications, RealStore, testing::Values("password_vault", "wiki", "home_recorder"),
                         [](const auto& store) { return std::string(store.param); });

}  // namespace
}  // namespace pgmirror::tests
