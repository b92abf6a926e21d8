#include "capture/sqlite/wal_follower.hpp"

#include <spdlog/spdlog.h>
#include <sys/prctl.h>

#include <algorithm>

namespace pgmirror::capture::sqlite {
namespace {

using namespace std::chrono_literals;

constexpr auto busy_interval = 200us;
constexpr auto idle_interval = 5ms;
/// Looks without news before the interval doubles.
constexpr int patience = 50;
constexpr auto tight_looking = 2ms;
constexpr auto file_check_interval = 500ms;
constexpr auto application_checkpoint_patience = 200ms;
constexpr auto checkpoint_retry = 2s;
constexpr int unreadable_bound = 2000;
/// SQLite's default for wal_autocheckpoint.
constexpr FrameNumber default_checkpoint = 1000;

}  // namespace

WalFollower::WalFollower(OpenStore& store, BatchQueue& queue, Place place, Limits limits)
    : store_(store),
      wal_(*store.wal()),
      queue_(queue),
      reader_(wal_.file, limits.largest_held),
      place_(place),
      limits_(limits),
      usual_checkpoint_(default_checkpoint) {}

void WalFollower::pause(std::chrono::microseconds duration, std::stop_token stop) {
  std::unique_lock lock(pause_mutex_);
  paused_.wait_for(lock, stop, duration, [] { return false; });
}

WalFollower::End WalFollower::run(std::stop_token stop) {
  // The kernel's default slack of 50 us would be a quarter of the busy interval.
  ::prctl(PR_SET_TIMERSLACK, 5000UL);
  int quiet = 0;
  std::chrono::microseconds interval = busy_interval;
  auto tight_until = Clock::time_point::max();
  while (!stop.stop_requested()) {
    switch (look(stop)) {
      case Look::gap:
        return End::gap;
      case Look::stopped:
        return End::stopped;
      case Look::progress:
        quiet = 0;
        interval = busy_interval;
        break;
      case Look::idle:
        if (++quiet % patience == 0) interval = std::min<std::chrono::microseconds>(interval * 2, idle_interval);
        break;
    }
    if (expects_checkpoint(last_)) {
      const auto now = Clock::now();
      if (tight_until == Clock::time_point::max()) tight_until = now + tight_looking;
      if (now < tight_until) continue;
    } else {
      tight_until = Clock::time_point::max();
    }
    pause(interval, stop);
  }
  return End::stopped;
}

WalFollower::Look WalFollower::look(std::stop_token stop) {
  const auto now = Clock::now();
  if (now >= next_file_check_) {
    next_file_check_ = now + file_check_interval;
    if (store_.is_replaced()) return Look::gap;
    // Every slot was taken by long readers when the gate was wanted: try for one of our own.
    if (wal_.locks.gate() == WalLocks::Gate::limiting) wal_.locks.take_gate();
  }
  const auto state = wal_.index.read();
  if (!state) {
    // The writer died in the middle of a header; whoever reads next recovers the WAL, and nobody else may come.
    if (++unreadable_ > unreadable_bound) return Look::gap;
    return Look::idle;
  }
  unreadable_ = 0;
  if (state->salts != place_.salts && !take_up_generation(*state)) return Look::gap;
  if (state->last_frame < place_.frame) return Look::gap;
  learn(*state);
  const bool news = *state != last_;
  last_ = *state;
  if (state->last_frame > place_.frame && !consume(*state, stop)) return Look::stopped;
  move_locks(*state, stop);
  return news ? Look::progress : Look::idle;
}

bool WalFollower::take_up_generation(const WalState& state) {
  // Under the floor alone a reset is what was waited for. Under the gate none can happen, but the first writer after a
  // TRUNCATE checkpoint, or into an empty WAL, may draw salts again.
  const bool expected = wal_.locks.gate() == WalLocks::Gate::none ? wal_.locks.has_floor() : place_.frame == 0;
  if (!expected) return false;
  place_ = {state.salts, 0};
  return true;
}

bool WalFollower::consume(const WalState& state, std::stop_token stop) {
  while (place_.frame < state.last_frame) {
    WalBatch batch = reader_.read(state, place_.frame);
    const FrameNumber last_frame = batch.last_frame;
    const bool held = !batch.content.empty();
    if (!queue_.push(std::move(batch), stop)) return false;
    if (!held && !queue_.wait_until_finished(stop)) return false;
    place_.frame = last_frame;
  }
  if (reader_.unsalted_frames() != warned_unsalted_) {
    if (warned_unsalted_ == 0) {
      spdlog::warn(
          "[SqliteSource] the application's SQLite leaves committed frames without checksums in the WAL: a crash of "
          "the "
          "machine or of the application could take such a commit back after it was mirrored; use a newer SQLite "
          "there");
    }
    warned_unsalted_ = reader_.unsalted_frames();
  }
  return true;
}

void WalFollower::learn(const WalState& state) {
  if (state.salts != last_.salts || state.backfilled <= last_.backfilled) return;
  last_backfill_ = Clock::now();
  if (last_.backfilled == 0)
    usual_checkpoint_ = std::min(default_checkpoint, std::max<FrameNumber>(state.last_frame, 1));
}

bool WalFollower::expects_checkpoint(const WalState& state) const {
  return wal_.locks.gate() != WalLocks::Gate::none && state.last_frame >= usual_checkpoint_ &&
         state.last_frame < 8 * usual_checkpoint_ && Clock::now() - last_backfill_ < application_checkpoint_patience;
}

void WalFollower::move_locks(const WalState& state, std::stop_token stop) {
  WalLocks& locks = wal_.locks;
  if (locks.gate() == WalLocks::Gate::none) {
    // Only the floor is held: either the WAL was reset, or a commit was appended before it could be. Both are read now;
    // back to the rule.
    const bool moved_on = state.last_frame != state.backfilled || state.last_frame == 0;
    if (moved_on && locks.take_gate() != WalLocks::Gate::none) locks.release_floor();
    return;
  }
  if (state.last_frame == 0) return;
  if (state.backfilled == state.last_frame) {
    open_for_reset();
  } else {
    checkpoint_for_application(state, stop);
  }
}

bool WalFollower::open_for_reset() {
  WalLocks& locks = wal_.locks;
  if (!locks.take_floor()) return false;
  const auto state = wal_.index.read();
  if (state && state->salts == place_.salts && state->last_frame == place_.frame &&
      state->backfilled == state->last_frame) {
    locks.release_gate();
    return true;
  }
  locks.release_floor();
  return false;
}

void WalFollower::checkpoint_for_application(const WalState& state, std::stop_token stop) {
  const std::uint64_t bytes = std::uint64_t{state.last_frame} * wal_.file.frame_size();
  const auto now = Clock::now();
  if (bytes < limits_.checkpoint_bytes || now < next_checkpoint_ ||
      now - last_backfill_ < application_checkpoint_patience) {
    return;
  }
  next_checkpoint_ = now + checkpoint_retry;
  try {
    store_.checkpointer().checkpoint_passive();
    const auto after = wal_.index.read();
    if (after && after->last_frame != after->backfilled && bytes > limits_.barrier_bytes) {
      checkpoint_behind_barrier(stop);
    }
  } catch (const SqliteError& error) {
    if (!error.is_busy()) throw;
  }
}

void WalFollower::checkpoint_behind_barrier(std::stop_token stop) {
  // Nearly everything is copied by now, so the write lock is held for the last few frames only; nothing is written.
  store_.reader().execute("BEGIN IMMEDIATE");
  try {
    store_.checkpointer().checkpoint_passive();
    const auto state = wal_.index.read();
    if (state && consume(*state, stop)) open_for_reset();
  } catch (...) {
    store_.reader().execute("ROLLBACK");
    throw;
  }
  store_.reader().execute("ROLLBACK");
}

}  // namespace pgmirror::capture::sqlite
