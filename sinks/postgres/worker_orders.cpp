#include "sinks/postgres/worker_orders.hpp"

#include <utility>

namespace pgmirror::sinks::postgres {
namespace {

using Tables = std::optional<std::set<std::string>>;

/// Both orders in one, where an empty set stands for all tables.
Tables both(const Tables& one, const Tables& other) {
  if (!one || !other) return one ? one : other;
  if (one->empty() || other->empty()) return std::set<std::string>{};
  std::set<std::string> tables = *one;
  tables.insert(other->begin(), other->end());
  return tables;
}

}  // namespace

WorkerOrders::WorkerOrders(std::filesystem::path note) : note_(std::move(note)) {
  StandingOrders standing = note_.read();
  start_over_ = standing.start_over;
  resync_ = std::move(standing.resync);
  resync_news_ = resync_.has_value();
}

void WorkerOrders::note() const { note_.write({.start_over = start_over_, .resync = both(resync_, being_resynced_)}); }

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
    // An order that came before this wait must not be slept through.
    wake_.wait(lock, stop, [&] { return resumed() || start_over_; });
  }
}

void WorkerOrders::wait_while_paused(std::stop_token stop, std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, stop, timeout, [this] { return !paused_; });
}

void WorkerOrders::resync(const std::set<std::string>& tables) {
  const std::lock_guard lock(mutex_);
  resync_ = both(resync_, tables);
  note();
  resync_news_ = true;
}

std::optional<std::set<std::string>> WorkerOrders::take_resync() {
  const std::lock_guard lock(mutex_);
  if (!resync_news_.exchange(false)) return std::nullopt;
  being_resynced_ = both(being_resynced_, std::exchange(resync_, std::nullopt));
  return being_resynced_;
}

void WorkerOrders::resync_done() {
  const std::lock_guard lock(mutex_);
  being_resynced_.reset();
  note();
}

void WorkerOrders::remind() {
  const std::lock_guard lock(mutex_);
  resync_ = both(resync_, std::exchange(being_resynced_, std::nullopt));
  resync_news_ = resync_.has_value();
}

std::future<VerificationReport> WorkerOrders::verify(bool repair) {
  const std::lock_guard lock(mutex_);
  verification_ = VerificationOrder{
      .manner = {.repair = repair, .bytes_per_second = verification_rate_}, .standing = repair, .answer = {}};
  verification_news_ = true;
  return verification_->answer.get_future();
}

std::optional<VerificationOrder> WorkerOrders::take_verification() {
  const std::lock_guard lock(mutex_);
  verification_news_ = false;
  return std::exchange(verification_, std::nullopt);
}

void WorkerOrders::give_back(VerificationOrder verification) {
  const std::lock_guard lock(mutex_);
  if (verification_) return;
  verification_ = std::move(verification);
  verification_news_ = true;
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
