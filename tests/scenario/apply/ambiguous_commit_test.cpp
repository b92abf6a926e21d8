#include "tests/scenario/apply/applied_queue.hpp"
#include "tests/support/tcp_proxy.hpp"

namespace pgmirror::tests {
namespace {

/// The connection breaks at each place of a batch in turn, and once more with the server's answer lost.
class BrokenConnection : public AppliedQueue {
 protected:
  /// More than a batch of two statements has: the last rounds break what lies between two batches.
  static constexpr std::uint64_t places = 44;

  void start_behind_proxy() {
    mirror_.connection = proxy_.settings();
    counter_ = source_.table(numbers("counter"), {{integer(1), integer(0)}});
    start_and_copy();
  }

  void count_up(std::int64_t number) {
    source_.transaction([&] {
      write_ledger(number);
      source_.update(counter_, {integer(1), integer(number - 1)}, {integer(1), integer(number)});
    });
  }

  void expect_each_once(std::int64_t number) {
    ASSERT_TRUE(catches_up()) << "at place " << number;
    ASSERT_TRUE(ledger_holds_each_once(number));
    ASSERT_EQ(ask("SELECT a FROM counter"), std::to_string(number));
    ASSERT_EQ(status().drifted_rows, 0U);
  }

  TcpProxy proxy_{database_};
  change::RelationPtr counter_;
};

TEST_F(BrokenConnection, AtAnyMessageAppliesEachTransactionOnce) {
  start_behind_proxy();
  for (std::uint64_t place = 1; place <= places && !HasFatalFailure(); ++place) {
    proxy_.cut_after_frontend_messages(place);
    count_up(static_cast<std::int64_t>(place));
    expect_each_once(static_cast<std::int64_t>(place));
  }
  EXPECT_GT(proxy_.connections(), places / 2) << "the connection must have broken";
}

TEST_F(BrokenConnection, WithTheAnswerLostAppliesEachTransactionOnce) {
  start_behind_proxy();
  for (std::uint64_t place = 1; place <= places && !HasFatalFailure(); ++place) {
    proxy_.lose_answer_after_frontend_messages(place);
    count_up(static_cast<std::int64_t>(place));
    expect_each_once(static_cast<std::int64_t>(place));
  }
  EXPECT_GT(proxy_.connections(), places / 2) << "the connection must have broken";
}

}  // namespace
}  // namespace pgmirror::tests
