#include "tests/scenario/apply/applied_queue.hpp"

#include <fmt/format.h>
#include <pthread.h>

#include <ctime>
#include <stdexcept>

#include "libpq/database_error.hpp"

namespace pgmirror::tests {

using libpq::Connection;

AppliedQueue::AppliedQueue()
    : queue_({.directory = directory_ / "queue", .source = {"scripted"}, .start = first_position}) {
  mirror_.connection = database_;
  ledger_ = source_.table(table_with_row_id("ledger", {column("number", "INTEGER", TypeFamily::integer)}));
}

AppliedQueue::~AppliedQueue() { stop(); }

void AppliedQueue::start() {
  worker_ = std::make_unique<sinks::postgres::MirrorWorker>(mirror_, queue_.reader(), source_,
                                                            change::SourceIdentity{"scripted"});
  thread_ = std::jthread([worker = worker_.get()](std::stop_token stop) { worker->run(std::move(stop)); });
}

void AppliedQueue::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void AppliedQueue::start_and_copy() {
  start();
  ASSERT_TRUE(catches_up());
}

testing::AssertionResult AppliedQueue::catches_up(std::chrono::milliseconds patience) {
  const bool done = eventually(patience, [&] {
    const auto now = status();
    return now.position == queue_.end() && now.state == MirrorState::streaming;
  });
  if (done) return testing::AssertionSuccess();
  const auto now = status();
  return testing::AssertionFailure() << "at " << now.position.value << " of " << queue_.end().value << ", "
                                     << sinks::postgres::to_string(now.state) << ": " << now.reason;
}

testing::AssertionResult AppliedQueue::rests() {
  clockid_t clock{};
  if (::pthread_getcpuclockid(thread_.native_handle(), &clock) != 0) throw std::runtime_error("no clock of the thread");
  const auto worked = [clock] {
    timespec time{};
    ::clock_gettime(clock, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  };
  const auto before = worked();
  let_time_pass(500ms);
  const auto work = worked() - before;
  if (work < 250ms) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "worked for " << work / 1ms << " of 500 ms";
}

void AppliedQueue::in_one_batch(const std::function<void()>& transactions) {
  worker_->orders().pause();
  ASSERT_TRUE(eventually(30s, [&] { return status().state == MirrorState::paused; }));
  transactions();
  worker_->orders().resume();
}

testing::AssertionResult AppliedQueue::says(MirrorState state, const std::string& reason,
                                            std::chrono::milliseconds patience) {
  const bool said = eventually(
      patience, [&] { return status().state == state && status().reason.find(reason) != std::string::npos; });
  if (said) return testing::AssertionSuccess();
  const auto now = status();
  return testing::AssertionFailure() << sinks::postgres::to_string(now.state) << ": " << now.reason;
}

Connection AppliedQueue::administer() const { return Connection(database_, "test", Connection::Access::read_only); }

std::string AppliedQueue::ask(const std::string& sql) const {
  const auto result = administer().execute(sql);
  if (result.rows() == 0) return "(no row)";
  return result.is_null(0, 0) ? "~" : std::string(result.text(0, 0));
}

std::vector<std::string> AppliedQueue::rows(const std::string& sql) const {
  const auto result = administer().execute(sql);
  std::vector<std::string> rows;
  for (int row = 0; row < result.rows(); ++row) {
    std::string& line = rows.emplace_back();
    for (int column = 0; column < result.columns(); ++column) {
      if (column > 0) line += '|';
      line += result.is_null(row, column) ? "~" : result.text(row, column);
    }
  }
  return rows;
}

void AppliedQueue::connect_as_plain_owner() {
  const std::string role = "owner_of_" + database_.database;
  tell(fmt::format("CREATE ROLE {0} LOGIN; ALTER DATABASE {1} OWNER TO {0}; ALTER SCHEMA public OWNER TO {0}", role,
                   database_.database));
  mirror_.connection.user = role;
}

void AppliedQueue::write_ledger(std::int64_t number) { source_.insert(ledger_, {integer(number), integer(number)}); }

testing::AssertionResult AppliedQueue::ledger_holds_each_once(std::int64_t up_to) const {
  const auto found =
      rows("SELECT count(*), count(DISTINCT number), coalesce(min(number), 1), coalesce(max(number), 0) FROM ledger");
  const auto wanted = fmt::format("{0}|{0}|1|{0}", up_to);
  if (found.front() == wanted) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "rows, distinct, lowest and highest are " << found.front() << ", not "
                                     << wanted;
}

change::Relation numbers(const std::string& name) {
  return table_with_id(name, {column("a", "INTEGER", TypeFamily::integer)});
}

}  // namespace pgmirror::tests
