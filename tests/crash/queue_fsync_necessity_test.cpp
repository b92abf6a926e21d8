#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/crash/queue_history.hpp"

namespace pgmirror::queue::testing {
namespace {

// Whether some power cut soon after the sync breaks a promise if the sync did nothing.
bool is_needed(std::uint64_t sync, std::uint64_t operation, std::optional<std::uint64_t> failing) {
  for (auto cut = operation + 1; cut <= operation + 40; ++cut) {
    const auto disk = std::make_shared<ForgetfulDisk>();
    disk->skip_sync(sync);
    if (failing) disk->fail_operation(*failing, Fault::io_error);
    disk->fail_operation(cut, Fault::power_cut);
    QueueHistory history(disk);
    history.run();
    std::mt19937_64 chance(cut);
    for (int round = 0; round < 6; ++round) {
      const auto survival = round == 0 ? Survival::synced_only : Survival::any_part;
      if (history.broken_promise(disk->after_power_cut(survival, chance))) return true;
    }
  }
  return false;
}

// For each kind of sync in the queue's life, whether one of that kind was found that may not be left out.
std::map<std::string, bool> needs(std::optional<std::uint64_t> failing) {
  const auto disk = std::make_shared<ForgetfulDisk>();
  if (failing) disk->fail_operation(*failing, Fault::io_error);
  QueueHistory history(disk);
  EXPECT_TRUE(history.run());
  std::map<std::string, bool> found;
  for (std::size_t i = 0; i < disk->syncs().size(); ++i) {
    const auto& [kind, operation] = disk->syncs()[i];
    if (kind.ends_with("nothing")) continue;
    auto& needed = found[kind];
    if (!needed) needed = is_needed(i + 1, operation, failing);
  }
  return found;
}

void expect_all_needed(const std::map<std::string, bool>& found, std::initializer_list<const char*> wanted) {
  for (const auto& [kind, needed] : found) EXPECT_TRUE(needed) << "nothing breaks without the sync of " << kind;
  for (const auto* kind : wanted) EXPECT_TRUE(found.contains(kind)) << "the history has no sync of " << kind;
}

TEST(EverySyncOfTheQueue, IsNeeded) {
  expect_all_needed(needs(std::nullopt), {"new file: write", "file: write", "file: write truncate", "file: truncate",
                                          "directory: rename", "directory: remove", "at start, new file: write",
                                          "at start, directory: rename", "at start, file: write"});
}

// A process that fails between naming a segment and syncing the name leaves that to its successor.
TEST(EverySyncOfTheQueue, IsNeededAfterOneFailed) {
  const auto disk = std::make_shared<ForgetfulDisk>();
  QueueHistory(disk).run();
  const auto& syncs = disk->syncs();
  const auto rename = std::ranges::find(syncs, "directory: rename", &ForgetfulDisk::Sync::kind);
  ASSERT_NE(rename, syncs.end());
  expect_all_needed(needs(rename->operation), {"at start, directory: rename"});
}

TEST(EverySyncOfTheQueue, IsEnough) {
  const auto disk = std::make_shared<ForgetfulDisk>();
  QueueHistory(disk).run();
  constexpr std::uint64_t no_sync = 0;
  for (std::uint64_t operation = 0; operation < disk->operations(); operation += 40) {
    EXPECT_FALSE(is_needed(no_sync, operation, std::nullopt));
  }
}

}  // namespace
}  // namespace pgmirror::queue::testing
