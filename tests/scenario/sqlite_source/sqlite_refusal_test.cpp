#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "capture/sqlite/source_refused.hpp"
#include "capture/sqlite/sqlite_source.hpp"
#include "tests/support/sqlite_database.hpp"
#include "tests/support/temporary_directory.hpp"

namespace pgmirror::tests {
namespace {

class SqliteRefusal : public testing::Test {
 protected:
  std::string message(const std::filesystem::path& file) const {
    config::SqliteSource settings;
    settings.file = file;
    try {
      const capture::sqlite::SqliteSource source(settings, {}, directory_.path(), {}, std::nullopt);
    } catch (const capture::sqlite::SourceRefused& refused) {
      return refused.what();
    }
    return "not refused";
  }
  const TemporaryDirectory& directory() const { return directory_; }

 private:
  TemporaryDirectory directory_;
};

TEST_F(SqliteRefusal, MissingFile) {
  EXPECT_NE(message(directory() / "none.db").find("does not exist"), std::string::npos);
}

TEST_F(SqliteRefusal, Directory) { EXPECT_NE(message(directory().path()).find("is a directory"), std::string::npos); }

TEST_F(SqliteRefusal, EmptyFile) {
  std::ofstream(directory() / "empty.db").flush();
  EXPECT_NE(message(directory() / "empty.db").find("is empty"), std::string::npos);
}

TEST_F(SqliteRefusal, EncryptedFile) {
  std::ofstream file(directory() / "secret.db");
  for (int byte = 0; byte < 8192; ++byte) file.put(static_cast<char>(byte * 131 % 251));
  file.close();
  EXPECT_NE(message(directory() / "secret.db").find("encrypted"), std::string::npos);
}

TEST_F(SqliteRefusal, DamagedFile) {
  { SqliteDatabase(directory() / "bad.db").exec("CREATE TABLE t(a); INSERT INTO t VALUES(1)"); }
  std::fstream file(directory() / "bad.db", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(100);
  for (int byte = 0; byte < 500; ++byte) file.put('x');
  file.close();
  EXPECT_NE(message(directory() / "bad.db").find("damaged"), std::string::npos);
}

TEST_F(SqliteRefusal, ExclusiveLockingMode) {
  SqliteDatabase application(directory() / "mine.db");
  application.exec("CREATE TABLE t(a)");
  application.exec("PRAGMA locking_mode=EXCLUSIVE; INSERT INTO t VALUES(1)");
  EXPECT_NE(message(directory() / "mine.db").find("locking_mode=EXCLUSIVE"), std::string::npos);
}

}  // namespace
}  // namespace pgmirror::tests
