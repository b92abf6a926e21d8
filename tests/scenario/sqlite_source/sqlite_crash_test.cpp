#include <gtest/gtest.h>

#include <random>

#include "tests/scenario/sqlite_source/change_log.hpp"
#include "tests/scenario/sqlite_source/followed_store.hpp"
#include "tests/support/eventually.hpp"

namespace pgmirror::tests {
namespace {

using namespace std::chrono_literals;

class KilledCapture : public testing::Test {
 protected:
  std::unique_ptr<ChildProcess> start_capture() {
    auto capture =
        std::make_unique<ChildProcess>(ProgramCall{.arguments = {PGMIRROR_SQLITE_CAPTURE, store_.file().string(),
                                                                 store_.state_directory().string(), log().string()}});
    return capture;
  }
  std::filesystem::path log() const { return store_.directory() / "changes"; }

  /// Throws when a row was lost or came twice.
  bool log_makes_the_file() const {
    RowMirror mirror;
    for (const auto& [key, row] : start_totals_) mirror.apply({'i', "totals", key, key, row});
    std::uint64_t position = 1;
    for (const ChangeLog::Transaction& transaction : ChangeLog::read(log())) {
      if (transaction.position != position + 1) throw std::runtime_error("positions are not consecutive");
      position = transaction.position;
      for (const TextChange& change : transaction.changes) mirror.apply(change);
    }
    return mirror.table("ledger") == table_by_sql(store_.file().string(), "ledger") &&
           mirror.table("totals") == table_by_sql(store_.file().string(), "totals");
  }

  FollowedStore store_;
  std::map<std::string, std::string> start_totals_ = table_by_sql(store_.file().string(), "totals");
};

TEST_F(KilledCapture, LosesNothingAndRepeatsNothing) {
  start_capture()->wait_for_output("ready");
  std::mt19937 random(7);
  const auto application = store_.start_application({"1", "12000", "rate=1500", "autocheckpoint=300"});
  int killed_at_work = 0;
  while (!application->wait_for(0ms)) {
    const auto capture = start_capture();
    let_time_pass(std::chrono::milliseconds{random() % 400});
    if (capture->running()) ++killed_at_work;
    EXPECT_EQ(capture->output().find("failed"), std::string::npos) << capture->output();
    capture->kill();
  }
  EXPECT_EQ(application->wait().exit_code, 0) << application->output();
  EXPECT_GT(killed_at_work, 5);
  const auto capture = start_capture();
  EXPECT_TRUE(eventually(30s, [&] { return log_makes_the_file(); })) << capture->output();
}

}  // namespace
}  // namespace pgmirror::tests
