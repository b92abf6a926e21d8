#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <future>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>

#include "sinks/postgres/verification.hpp"

namespace pgmirror::sinks::postgres {

/// What people ask of a running worker. Any thread may ask; the worker looks between batches.
class WorkerOrders {
 public:
  void pause() { paused_ = true; }
  /// Also ends a wait after a failure.
  void resume() {
    const std::lock_guard lock(mutex_);
    paused_ = false;
    ++resumed_;
    wake_.notify_all();
  }
  /// Until resume(), `stop` or `deadline`, whichever comes first.
  void wait_for_resume(std::stop_token stop, std::optional<std::chrono::steady_clock::time_point> deadline) {
    std::unique_lock lock(mutex_);
    const auto resumed = [this, before = resumed_] { return resumed_ != before; };
    if (deadline) {
      wake_.wait_until(lock, stop, *deadline, resumed);
    } else {
      wake_.wait(lock, stop, resumed);
    }
  }
  bool paused() const { return paused_; }
  /// There is something to look at: a worker that is busy stops for it.
  bool pending() const { return paused_ || start_over_ || resync_wanted_ || verification_wanted_; }

  /// Copy these tables (Relation::qualified_name) again; all of them where `tables` is empty.
  void resync(std::set<std::string> tables) {
    const std::lock_guard lock(mutex_);
    if (!resync_ || tables.empty()) {
      resync_ = std::move(tables);
    } else if (!resync_->empty()) {
      resync_->merge(tables);
    }
    resync_wanted_ = true;
  }
  std::optional<std::set<std::string>> take_resync() {
    const std::lock_guard lock(mutex_);
    resync_wanted_ = false;
    return std::exchange(resync_, std::nullopt);
  }

  /// Compare the mirror with the source at the next moment when both stand at the same commit. The future throws
  /// std::future_error when the session ends before that: ask again.
  std::future<VerificationReport> verify(bool repair) {
    const std::lock_guard lock(mutex_);
    verification_ = VerificationOrder{.repair = repair, .answer = {}};
    verification_wanted_ = true;
    return verification_->answer.get_future();
  }
  std::optional<VerificationOrder> take_verification() {
    const std::lock_guard lock(mutex_);
    verification_wanted_ = false;
    return std::exchange(verification_, std::nullopt);
  }

  /// Make the mirror ours whatever it followed before, and copy every table again.
  void start_over() {
    start_over_ = true;
    resume();
  }
  bool take_start_over() { return start_over_.exchange(false); }
  bool start_over_wanted() const { return start_over_; }

 private:
  std::atomic<bool> start_over_ = false;
  std::atomic<bool> paused_ = false;
  std::atomic<bool> resync_wanted_ = false;
  std::atomic<bool> verification_wanted_ = false;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::uint64_t resumed_ = 0;
  std::optional<std::set<std::string>> resync_;
  std::optional<VerificationOrder> verification_;
};

}  // namespace pgmirror::sinks::postgres
