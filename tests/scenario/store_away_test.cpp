#include <filesystem>
#include <fstream>
#include <memory>

#include "tests/scenario/mirrored_store.hpp"

namespace pgmirror::tests {
namespace {

/// The application's file is away for a while, or held, while pgmirror runs.
class StoreAway : public MirroredStore {
 protected:
  StoreAway() {
    application_.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, v); INSERT INTO t (v) VALUES ('a'), (2.5), (x'00ff')");
  }

  void follow() {
    program_.start();
    ASSERT_TRUE(becomes_same());
    ASSERT_TRUE(turns_healthy());
  }
  testing::AssertionResult turns_healthy() {
    if (eventually(30s, [&] { return program_.command({"health"}).end == ProgramEnd{}; })) {
      return testing::AssertionSuccess();
    }
    return testing::AssertionFailure() << program_.command({"health"}).output << program_.log();
  }
  testing::AssertionResult turns_red(const std::string& words) {
    const bool red = eventually(150s, [&] {
      const auto health = program_.command({"health"});
      return health.end.exit_code == 1 && health.output.find(words) != std::string::npos;
    });
    if (red && program_.running()) return testing::AssertionSuccess();
    return testing::AssertionFailure() << program_.fate() << "; health never said: " << words << "\n"
                                       << program_.command({"health"}).output << program_.log();
  }
  /// What an application's restore does, with the old connection of this test still open on the old file.
  void take_away() {
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(application_.file().string() + suffix);
  }
};

TEST_F(StoreAway, FileThatIsGoneTurnsHealthRedUntilAnotherHasItsName) {
  follow();
  take_away();
  EXPECT_TRUE(turns_red("is gone"));
  SqliteDatabase restored(application_.file());
  restored.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, v); INSERT INTO t (v) VALUES ('restored')");
  EXPECT_TRUE(becomes_same());
  EXPECT_TRUE(turns_healthy());
}

/// A copy that has only begun is an empty file, or half of one.
TEST_F(StoreAway, FileWhoseRestoreIsNotAtItsEndIsWaitedFor) {
  const auto backup = directory_ / "backup.db";
  application_.exec("INSERT INTO t (v) SELECT randomblob(3000) FROM t a, t b, t c");
  application_.exec("VACUUM INTO '" + backup.string() + "'");
  follow();
  take_away();
  std::ofstream(application_.file()).close();
  EXPECT_TRUE(turns_red("is empty"));
  std::filesystem::copy_file(backup, directory_ / "half.db");
  std::filesystem::resize_file(directory_ / "half.db", std::filesystem::file_size(backup) / 2);
  std::filesystem::rename(directory_ / "half.db", application_.file());
  EXPECT_TRUE(turns_red("is damaged"));
  std::filesystem::rename(backup, application_.file());
  EXPECT_TRUE(becomes_same());
  EXPECT_TRUE(turns_healthy());
}

TEST_F(StoreAway, FileThatOneProgramHoldsForItselfTurnsHealthRedUntilItIsFree) {
  application_.exec("PRAGMA journal_mode=DELETE");
  follow();
  application_.exec("PRAGMA locking_mode=EXCLUSIVE; INSERT INTO t (v) VALUES ('held')");
  EXPECT_TRUE(turns_red("held it for itself"));
  EXPECT_EQ(program_.command({"verify"}).end.exit_code, 75) << "what is not captured cannot be compared";
  application_.exec("PRAGMA locking_mode=NORMAL; SELECT count(*) FROM t");
  EXPECT_TRUE(becomes_same());
  EXPECT_TRUE(turns_healthy());
}

/// A migration at the application's start may take longer than anybody waits for a lock.
TEST_F(StoreAway, LongTransactionThatHoldsTheFileAtTheStartIsWaitedFor) {
  application_.exec("PRAGMA journal_mode=DELETE; BEGIN EXCLUSIVE; INSERT INTO t (v) VALUES ('in the migration')");
  program_.start();
  EXPECT_TRUE(turns_red("another program holds it"));
  application_.exec("COMMIT");
  EXPECT_TRUE(becomes_same());
  EXPECT_TRUE(turns_healthy());
}

}  // namespace
}  // namespace pgmirror::tests
