#include <gtest/gtest.h>

#include "tests/crash/queue_history.hpp"

namespace pgmirror::queue::testing {
namespace {

std::uint64_t operations_of_a_quiet_life() {
  const auto disk = std::make_shared<ForgetfulDisk>();
  QueueHistory history(disk);
  EXPECT_TRUE(history.run());
  return disk->operations();
}

// Each operation that changes the disk fails once, in its own run.
class EveryOperation : public ::testing::TestWithParam<Fault> {};

TEST_P(EveryOperation, FailsAndNoPromiseIsBroken) {
  const auto operations = operations_of_a_quiet_life();
  ASSERT_GT(operations, 100U);
  std::uint64_t disks = 0;
  for (std::uint64_t number = 1; number <= operations; ++number) {
    const auto disk = std::make_shared<ForgetfulDisk>();
    disk->fail_operation(number, GetParam());
    QueueHistory history(disk);
    EXPECT_EQ(history.run(), GetParam() != Fault::power_cut);
    std::mt19937_64 chance(number);
    for (const auto survival : all_survivals) {
      const int rounds = survival == Survival::any_part ? 4 : 1;
      for (int round = 0; round < rounds; ++round) {
        const auto found = disk->after_power_cut(survival, chance);
        const auto broken = history.broken_promise(found);
        ASSERT_FALSE(broken.has_value()) << *broken << " after operation " << number << ", survival "
                                         << static_cast<int>(survival) << ", round " << round;
        ++disks;
      }
    }
  }
  RecordProperty("disks", std::to_string(disks));
}

std::string name_of(const ::testing::TestParamInfo<Fault>& fault) {
  constexpr std::array names{"WithAnIoError", "WithoutSpace", "HalfWritten", "WithAPowerCut"};
  return names[static_cast<std::size_t>(fault.param)];
}

INSTANTIATE_TEST_SUITE_P(Queue, EveryOperation,
                         ::testing::Values(Fault::io_error, Fault::no_space, Fault::half_write, Fault::power_cut),
                         name_of);

TEST(RecoveryOfAQueue, SurvivesPowerCutsOfItsOwn) {
  const auto operations = operations_of_a_quiet_life();
  for (std::uint64_t number = 1; number <= operations; number += 3) {
    const auto disk = std::make_shared<ForgetfulDisk>();
    disk->fail_operation(number, Fault::power_cut);
    QueueHistory history(disk);
    EXPECT_FALSE(history.run());
    for (std::uint64_t second = 1; second <= 12; ++second) {
      std::mt19937_64 chance(number);
      const auto found = disk->after_power_cut(Survival::any_part, chance);
      found->fail_operation(second, Fault::power_cut);
      try {
        history.broken_promise(found);
        break;
      } catch (const PowerCut&) {
        std::mt19937_64 again(number * 100 + second);
        const auto broken = history.broken_promise(found->after_power_cut(Survival::any_part, again));
        // The interrupted check went on writing behind the end, so that a later end is right.
        if (broken && broken->starts_with("ends at")) continue;
        ASSERT_FALSE(broken.has_value()) << *broken << " after operation " << number << " and then " << second;
      }
    }
  }
}

}  // namespace
}  // namespace pgmirror::queue::testing
