#include <chrono>

#include "tests/scenario/bank.hpp"
#include "tests/scenario/mirrored_store.hpp"

namespace pgmirror::tests {
namespace {

class BankMirror : public MirroredStore {
 protected:
  Bank bank_{application_.file()};
};

TEST_F(BankMirror, ShowsOnlyStatesThatTheBankWasIn) {
  program_.start();
  ASSERT_TRUE(becomes_same());
  std::int64_t last = 0;
  std::int64_t different_states = 0;
  {
    const BusyBank busy(bank_, 0ms);
    const auto end = std::chrono::steady_clock::now() + 5s;
    while (std::chrono::steady_clock::now() < end) {
      const auto snapshot = read_bank(mirror_);
      ASSERT_EQ(snapshot.fault(), "");
      ASSERT_GE(snapshot.transfers, last) << "the mirror went back in time";
      different_states += snapshot.transfers > last ? 1 : 0;
      last = snapshot.transfers;
    }
  }
  EXPECT_GT(different_states, 5) << "the mirror must move for this test to mean anything";
  EXPECT_TRUE(becomes_same());
  EXPECT_EQ(read_bank(mirror_).transfers, bank_.transfers());
}

TEST_F(BankMirror, CopiesOneStateWhileTheBankIsOpen) {
  for (int i = 0; i < 2000; ++i) bank_.transfer();
  {
    const BusyBank busy(bank_);
    program_.start();
    ASSERT_TRUE(logs("[MirrorConnection]"));
    ASSERT_TRUE(eventually(30s, [&] {
      try {
        // The promise holds from the end of the first copy on, which fills one table after the other.
        const auto copied = read_bank(mirror_);
        return copied.transfers > 2000 && copied.ledger_rows > 2000;
      } catch (const std::exception&) {
        return false;  // the tables are not there yet
      }
    })) << program_.log();
    for (int i = 0; i < 20; ++i) ASSERT_EQ(read_bank(mirror_).fault(), "");
  }
  EXPECT_TRUE(becomes_same());
}

}  // namespace
}  // namespace pgmirror::tests
