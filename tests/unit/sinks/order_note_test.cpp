#include "sinks/postgres/order_note.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <future>

#include "sinks/postgres/worker_orders.hpp"
#include "tests/support/temporary_directory.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using Tables = std::set<std::string>;

class Orders : public testing::Test {
 protected:
  tests::TemporaryDirectory directory_;
  const std::filesystem::path file_ = directory_ / "orders";
};

TEST_F(Orders, OutliveTheAgentThatAcceptedThem) {
  {
    WorkerOrders orders(file_);
    orders.resync({"a", "b"});
    orders.resync({"c"});
  }
  WorkerOrders next(file_);
  EXPECT_TRUE(next.pending());
  EXPECT_EQ(next.take_resync(), (Tables{"a", "b", "c"}));
  EXPECT_FALSE(next.take_resync()) << "looked at already";
}

TEST_F(Orders, StandUntilTheyAreCarriedOut) {
  WorkerOrders orders(file_);
  orders.resync({"a", "b"});
  EXPECT_EQ(orders.take_resync(), (Tables{"a", "b"}));
  orders.remind();
  EXPECT_EQ(orders.take_resync(), (Tables{"a", "b"})) << "the session that took it has died";
  orders.resync({"c"});
  orders.resync_done();
  EXPECT_EQ(WorkerOrders(file_).take_resync(), Tables{"c"});
  EXPECT_EQ(orders.take_resync(), Tables{"c"});
  orders.resync_done();
  EXPECT_FALSE(WorkerOrders(file_).take_resync());
  EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_F(Orders, GivenAgainWhileTheyAreCarriedOutAreCarriedOutAgain) {
  WorkerOrders orders(file_);
  orders.resync({"a"});
  EXPECT_EQ(orders.take_resync(), Tables{"a"});
  orders.resync({"a"});
  orders.resync_done();
  EXPECT_TRUE(orders.pending());
  EXPECT_EQ(WorkerOrders(file_).take_resync(), Tables{"a"});
  EXPECT_EQ(orders.take_resync(), Tables{"a"});
}

TEST_F(Orders, ForAllTablesIncludeThoseNamedLater) {
  WorkerOrders orders(file_);
  orders.resync({});
  orders.resync({"a"});
  EXPECT_EQ(WorkerOrders(file_).take_resync(), Tables{});
  EXPECT_EQ(orders.take_resync(), Tables{});
  orders.resync_done();
  EXPECT_FALSE(WorkerOrders(file_).take_resync());
}

TEST_F(Orders, ToStartOverStandUntilTheMirrorIsClaimed) {
  WorkerOrders orders(file_);
  orders.start_over();
  EXPECT_TRUE(WorkerOrders(file_).start_over_wanted());
  orders.started_over();
  EXPECT_FALSE(orders.start_over_wanted());
  EXPECT_FALSE(WorkerOrders(file_).start_over_wanted());
}

/// A worker that finds its mirror to be somebody else's waits for a person, who may have decided a moment before.
TEST_F(Orders, ToStartOverThatCameBeforeAWaitForAPersonEndIt) {
  WorkerOrders orders(file_);
  orders.start_over();
  std::stop_source never;
  const auto waited = std::async(std::launch::async, [&] { orders.wait_for_resume(never.get_token(), std::nullopt); });
  const bool ended = waited.wait_for(std::chrono::seconds{10}) == std::future_status::ready;
  never.request_stop();
  EXPECT_TRUE(ended);
}

TEST_F(Orders, ThatWereGivenBackAreNewsUnlessThereIsANewerOne) {
  WorkerOrders orders(file_);
  auto first = orders.verify(false);
  auto taken = orders.take_verification();
  EXPECT_FALSE(orders.pending());
  orders.give_back(std::move(*taken));
  EXPECT_TRUE(orders.pending());
  taken = orders.take_verification();
  auto second = orders.verify(true);
  orders.give_back(std::move(*taken));
  EXPECT_THROW(first.get(), std::future_error) << "who asked first asks again";
  EXPECT_TRUE(orders.take_verification()->manner.repair);
}

TEST_F(Orders, InAFileOfSomebodyElseAreRefused) {
  std::ofstream(file_) << "[1]";
  EXPECT_THROW(WorkerOrders{file_}, std::runtime_error);
}

}  // namespace
}  // namespace pgmirror::sinks::postgres
