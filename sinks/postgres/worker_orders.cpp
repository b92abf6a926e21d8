#include "sinks/postgres/worker_orders.hpp"

#include <utility>

namespace pgmirror::sinks::postgres {

WorkerOrders::WorkerOrders(std::filesystem::path note) : note_(std::move(note)) {
  StandingOrders standing = note_.read();
  start_over_ = standing.start_over;
  resync_ = std::move(standing.resync);
  resync_news_ = resync_.has_value();
}

void WorkerOrders::note() const { note_.write({.start_over = start_over_, .resync = resync_}); }

void WorkerOrders::resume() {
  const std::lock_guard lock(mutex_);
  paused_ = false;
  ++resumed_;
  wake_.notify_all();
}

void WorkerOrders::wait_for_resume(std::stop_token stop,
                                   std::optional<std::chrono::steady_clock::time_point> deadline) {
  std::unique_lock lock(mutex_);
  const auto resumed = [this, before = resumed_] { return resumed_ != before; };
  if (deadline) {
    wake_.wait_until(lock, stop, *deadline, resumed);
  } else {
    wake_.wait(lock, stop, resumed);
  }
}

void WorkerOrders::resync(const std::set<std::string>& tables) {
  const std::lock_guard lock(mutex_);
  if (!resync_ || tables.empty()) {
    resync_ = tables;
  } else if (!resync_->empty()) {
    resync_->insert(tables.begin(), tables.end());
  }
  note();
  resync_news_ = true;
}

std::optional<std::set<std::string>> WorkerOrders::take_resync() {
  const std::lock_guard lock(mutex_);
  if (!resync_news_.exchange(false)) return std::nullopt;
  return resync_;
}

void WorkerOrders::resync_done(const std::set<std::string>& tables) {
  const std::lock_guard lock(mutex_);
  if (!resync_) return;
  if (tables.empty() || *resync_ == tables) {
    resync_.reset();
  } else if (!resync_->empty()) {
    for (const std::string& table : tables) resync_->erase(table);
    if (resync_->empty()) resync_.reset();
  }
  if (!resync_) resync_news_ = false;
  note();
}

void WorkerOrders::remind() {
  const std::lock_guard lock(mutex_);
  resync_news_ = resync_.has_value();
}

std::future<VerificationReport> WorkerOrders::verify(bool repair) {
  const std::lock_guard lock(mutex_);
  verification_ = VerificationOrder{.repair = repair, .answer = {}};
  verification_news_ = true;
  return verification_->answer.get_future();
}

std::optional<VerificationOrder> WorkerOrders::take_verification() {
  const std::lock_guard lock(mutex_);
  verification_news_ = false;
  return std::exchange(verification_, std::nullopt);
}

void WorkerOrders::forget_verification() { take_verification(); }

void WorkerOrders::start_over() {
  {
    const std::lock_guard lock(mutex_);
    start_over_ = true;
    note();
  }
  resume();
}

void WorkerOrders::started_over() {
  const std::lock_guard lock(mutex_);
  start_over_ = false;
  note();
}

}  // namespace pgmirror::sinks::postgres
