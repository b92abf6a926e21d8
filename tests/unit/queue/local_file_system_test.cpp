#include "queue/local_file_system.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "queue/inspection.hpp"
#include "queue/segment_header.hpp"
#include "tests/unit/queue/sample_transactions.hpp"
#include "tests/unit/queue/small_queue.hpp"

namespace pgmirror::queue::testing {
namespace {

class LocalQueue : public ::testing::Test {
 protected:
  LocalQueue() {
    std::string pattern = (std::filesystem::temp_directory_path() / "pgmirror_queue_XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::system_error(errno, std::generic_category(), pattern);
    directory = pattern;
    options = small_options();
    options.directory = directory / "state" / "queue";
  }
  ~LocalQueue() override { std::filesystem::remove_all(directory); }

  unsigned mode(const std::filesystem::path& path) const {
    return static_cast<unsigned>(std::filesystem::status(path).permissions());
  }

  std::filesystem::path directory;
  Options options;
  LocalFileSystem files;
};

TEST_F(LocalQueue, KeepsEverythingPrivateToItsUser) {
  ChangeQueue queue(options);
  EXPECT_EQ(mode(options.directory), 0700U);
  EXPECT_EQ(mode(directory / "state"), 0700U);
  EXPECT_EQ(mode(options.directory / "lock"), 0600U);
  EXPECT_EQ(mode(options.directory / segment_file_name(1)), 0600U);
}

TEST_F(LocalQueue, WritesAndReadsRealFiles) {
  for (std::uint64_t start = 1; start < 200; start += 50) {
    ChangeQueue queue(options);
    for (auto position = start; position < start + 50; ++position) write_sample(queue, {position});
    queue.sync();
  }
  ChangeQueue queue(options);
  auto cursor = queue.open_cursor({});
  EXPECT_EQ(read_all(cursor), samples(1, 200));
  EXPECT_FALSE(inspect(options.directory, Depth::contents).damage.has_value());
  EXPECT_TRUE(inspect(options.directory, Depth::contents).held);
  queue.release({200});
  EXPECT_EQ(inspect(options.directory, Depth::contents).segments.size(), 1U);
}

TEST_F(LocalQueue, RefusesASecondAgentByItsProcess) {
  const ChangeQueue queue(options);
  try {
    const ChangeQueue second(options);
    FAIL() << "two agents on one queue";
  } catch (const QueueRefused& refused) {
    EXPECT_NE(std::string(refused.what()).find("process " + std::to_string(getpid())), std::string::npos);
  }
}

TEST_F(LocalQueue, DoesNotFollowSymbolicLinks) {
  { const ChangeQueue queue(options); }
  const auto segment = options.directory / segment_file_name(1);
  std::filesystem::rename(segment, directory / "elsewhere");
  std::filesystem::create_symlink(directory / "elsewhere", segment);
  EXPECT_THROW(ChangeQueue{options}, std::system_error);
}

TEST_F(LocalQueue, SaysWhichFileIsMissing) {
  try {
    files.open_for_read(directory / "missing");
    FAIL();
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::no_such_file_or_directory);
    EXPECT_NE(std::string(error.what()).find("missing"), std::string::npos);
  }
}

}  // namespace
}  // namespace pgmirror::queue::testing
