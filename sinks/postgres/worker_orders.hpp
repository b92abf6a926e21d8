#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <future>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>

#include "sinks/postgres/order_note.hpp"
#include "sinks/postgres/verification.hpp"

namespace pgmirror::sinks::postgres {

/// What people ask of a running worker. Any thread may ask; the worker looks between batches.
///
/// Orders to copy again stand until they are carried out, whatever breaks meanwhile: they are noted in a file before
/// the asking call returns. A pause and a comparison end with the agent.
class WorkerOrders {
 public:
  /// Takes up what is noted there; an empty path notes nothing. Throws as OrderNote::read.
  explicit WorkerOrders(std::filesystem::path note = {});

  void pause() { paused_ = true; }
  /// Also ends a wait after a failure.
  void resume();
  /// Until resume(), `stop` or `deadline`, whichever comes first; without a deadline not while start_over() is wanted.
  void wait_for_resume(std::stop_token stop, std::optional<std::chrono::steady_clock::time_point> deadline);
  bool paused() const { return paused_; }
  /// Until resume() or start_over(), `stop` or `timeout`, whichever comes first.
  void wait_while_paused(std::stop_token stop, std::chrono::milliseconds timeout);
  /// There is something to look at: a worker that is busy stops for it.
  bool pending() const { return paused_ || start_over_ || resync_news_ || verification_news_; }

  /// Copy these tables (Relation::qualified_name) again; all of them where `tables` is empty. Durable on return. Throws
  /// std::runtime_error.
  void resync(const std::set<std::string>& tables);
  /// The tables that are to be copied again, where there is news; the order stands until resync_done().
  std::optional<std::set<std::string>> take_resync();
  /// What take_resync() gave last has been carried out; what was ordered since then stands.
  void resync_done();
  /// Orders that an earlier session took and did not carry out are news again.
  void remind();

  /// Compare the mirror with the source at the next moment when both stand at the same commit. The future throws
  /// std::future_error when the session ends before that: ask again.
  std::future<VerificationReport> verify(bool repair);
  /// What comparisons may read from the source in a second, from the next order on.
  void limit_verification(std::uint64_t bytes_per_second) { verification_rate_ = bytes_per_second; }
  std::optional<VerificationOrder> take_verification();
  /// One that was taken and not carried out is news again, unless there is a newer one: its promise breaks then.
  void give_back(VerificationOrder verification);
  /// Nobody waits for the answer any more; a comparison that has begun goes on.
  void forget_verification();

  /// Make the mirror ours whatever it followed before, and copy every table again. Durable on return. Throws
  /// std::runtime_error.
  void start_over();
  bool start_over_wanted() const { return start_over_; }
  /// The mirror is claimed, and remembers itself that its tables are to be replaced.
  void started_over();

 private:
  void note() const;

  std::atomic<bool> start_over_ = false;
  std::atomic<bool> paused_ = false;
  std::atomic<bool> resync_news_ = false;
  std::atomic<bool> verification_news_ = false;
  std::atomic<std::uint64_t> verification_rate_ = 0;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::uint64_t resumed_ = 0;
  OrderNote note_;
  std::optional<std::set<std::string>> resync_;          ///< nobody has looked at it yet
  std::optional<std::set<std::string>> being_resynced_;  ///< taken, not carried out
  std::optional<VerificationOrder> verification_;
};

}  // namespace pgmirror::sinks::postgres
