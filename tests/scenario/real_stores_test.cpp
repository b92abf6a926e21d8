#include "tests/scenario/mirrored_store.hpp"

namespace pgmirror::tests {
namespace {

/// Stores as well-known applications lay them out; the parameter names the files in tests/scenario/stores.
class RealStore : public MirroredStore, public testing::WithParamInterface<const char*> {
 protected:
  RealStore() { application_.exec_file(script("")); }

  std::filesystem::path script(const std::string& part) const {
    return std::filesystem::path(PGMIRROR_STORES) / (std::string(GetParam()) + part + ".sql");
  }
};

TEST_P(RealStore, IsCopiedAndFollowed) {
  program_.start();
  ASSERT_TRUE(becomes_same());
  application_.exec_file(script(".work"));
  EXPECT_TRUE(becomes_same());
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
