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

TEST(StoreBehindASymbolicLink, IsFollowedByTheNameOfTheLink) {
  const config::ConnectionSettings mirror = shared_postgres().create_database();
  const TemporaryDirectory directory;
  std::filesystem::create_directory(directory / "volume");
  SqliteDatabase application(directory / "volume" / "real.db");
  application.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, v)");
  std::filesystem::create_symlink(application.file(), directory / "app.db");
  MirrorProgram program(directory / "app.db", mirror, directory / "state");
  program.start();
  const auto becomes_same = [&] { return eventually(60s, [&] { return same_content(application.file(), mirror); }); };
  ASSERT_TRUE(becomes_same()) << program.log();
  application.exec("INSERT INTO t (v) VALUES (1), (2)");
  EXPECT_TRUE(becomes_same()) << program.log();
}

/// The encoding of a store is chosen before its first table, and for good.
class StoreInUtf16 : public testing::TestWithParam<const char*> {
 protected:
  StoreInUtf16() {
    application_.exec("PRAGMA encoding = '" + std::string(GetParam()) +
                      "'; CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT COLLATE NOCASE UNIQUE, other);"
                      "PRAGMA journal_mode = WAL");
  }

  config::ConnectionSettings mirror_ = shared_postgres().create_database();
  TemporaryDirectory directory_;
  SqliteDatabase application_{directory_ / "app.db", SqliteDatabase::Journal::as_is};
  MirrorProgram program_{application_.file(), mirror_, directory_ / "state"};
};

TEST_P(StoreInUtf16, IsFollowedAsAnyOther) {
  application_.exec("INSERT INTO words VALUES (1, 'ä', 'x')");
  const auto doctor = program_.command({"doctor"});
  EXPECT_EQ(doctor.end, ProgramEnd{}) << doctor.output;
  program_.start();
  const auto becomes_same = [&] { return eventually(60s, [&] { return same_content(application_.file(), mirror_); }); };
  ASSERT_TRUE(becomes_same()) << program_.log();
  application_.exec(
      "INSERT INTO words VALUES (2, 'Ä☃😀', 5), (3, 'a' || char(0) || 'b', x'00ff'), (4, '', char(0xFFFF));"
      "UPDATE words SET other = word WHERE id = 1");
  EXPECT_TRUE(becomes_same()) << program_.log();
  EXPECT_EQ(program_.command({"verify"}).end, ProgramEnd{});
}

INSTANTIATE_TEST_SUITE_P(ByteOrders, StoreInUtf16, testing::Values("UTF-16le", "UTF-16be"),
                         [](const auto& order) { return std::string(order.param).substr(6); });

INSTANTIATE_TEST_SUITE_P(Applications, RealStore, testing::Values("password_vault", "wiki", "home_recorder"),
                         [](const auto& store) { return std::string(store.param); });

}  // namespace
}  // namespace pgmirror::tests
