#include "capture/sqlite/wal_follower.hpp"

#include <spdlog/spdlog.h>
#include <sys/prctl.h>

#include <algorithm>
#include <utility>

namespace pgmirror::capture::sqlite {
namespace {

using namespace std::chrono_literals;

constexpr auto busy_interval = 200us;
/// Under load a look takes in many commits, so that each costs less.
constexpr auto longest_busy_interval = 1ms;
constexpr auto opening_interval = 50us;
constexpr auto idle_interval = 5ms;
/// Looks without news before the interval doubles.
constexpr int patience = 50;
/// A checkpoint that is expected has begun or will not begin when nothing was committed for so long.
constexpr auto tight_looking = 20ms;
/// Without a commit for so long the application may be waiting for a checkpoint that the pin holds up.
constexpr auto pin_patience = 2ms;
constexpr auto file_check_interval = 500ms;
constexpr auto application_checkpoint_patience = 200ms;
constexpr auto checkpoint_retry = 2s;
constexpr auto checkpoint_pause = 50ms;
/// How long commits of the application may keep us from the write lock before we try again later.
constexpr auto barrier_patience = 20ms;
/// Longer than a checkpoint of a WAL of usual length takes.
constexpr auto longest_opening = 100ms;
/// Once the floor came too late, the gate is opened early for so many resets.
constexpr int early_openings_after_miss = 200;
/// So many new frames in a millisecond, and the next look may come later.
constexpr FrameNumber frames_under_load = 4;
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
  last_look_ = Clock::now();
  while (!stop.stop_requested()) {
    switch (guarded_look(stop)) {
      case Look::gap:
        return End::gap;
      case Look::stopped:
        return End::stopped;
      case Look::progress:
        quiet = 0;
        interval = interval_under_load();
        break;
      case Look::idle:
        if (++quiet % patience == 0) interval = std::min<std::chrono::microseconds>(interval * 2, idle_interval);
        break;
    }
    if (opened_) {
      // A thread that sleeps a little is woken in time even on a busy machine; one that never does is not. What may
      // have come before the gate was open shows at once; the rest has time until the next checkpoint.
      pause(Clock::now() - *opened_ < busy_interval ? opening_interval : busy_interval, stop);
    } else {
      pause(expects_checkpoint(last_) ? opening_interval : interval, stop);
    }
  }
  return End::stopped;
}

/// Long enough for a good number of frames, short enough not to miss the checkpoint that comes next.
std::chrono::microseconds WalFollower::interval_under_load() {
  const auto now = Clock::now();
  const auto passed = std::chrono::duration_cast<std::chrono::microseconds>(now - last_look_);
  const FrameNumber before = std::exchange(last_look_frame_, last_.last_frame);
  last_look_ = now;
  if (last_.last_frame <= before || last_.last_frame >= usual_checkpoint_) return busy_interval;
  if ((last_.last_frame - before) * 1ms < frames_under_load * passed) return busy_interval;
  const auto until_checkpoint = passed * (usual_checkpoint_ - last_.last_frame) / (last_.last_frame - before);
  return std::clamp<std::chrono::microseconds>(until_checkpoint, opening_interval, longest_busy_interval);
}

WalFollower::Look WalFollower::guarded_look(std::stop_token stop) {
  try {
    return look(stop);
  } catch (const WalCutShort& cut) {
    spdlog::warn("[SqliteSource] {}", cut.what());
    return Look::gap;
  }
}

WalFollower::Look WalFollower::look(std::stop_token stop) {
  const auto now = Clock::now();
  if (now >= next_file_check_) {
    next_file_check_ = now + file_check_interval;
    if (store_.is_replaced()) return Look::gap;
    // Every slot was taken by long readers when the gate was wanted: try for one of our own.
    if (wal_.locks.gate() == WalLocks::Gate::limiting) wal_.locks.take_gate();
  }
  if (opened_) return look_through_opening();
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
  queue_.read_until(now);
  move_locks(*state, stop);
  return news ? Look::progress : Look::idle;
}

bool WalFollower::take_up_generation(const WalState& state) {
  // Under the floor alone a reset is what was waited for. Under the gate none can happen, but the first writer after a
  // TRUNCATE checkpoint, or into an empty WAL, may draw salts again.
  const bool expected = wal_.locks.gate() == WalLocks::Gate::none ? wal_.locks.has_floor() : place_.frame == 0;
  if (!expected) return false;
  place_ = {state.salts, 0, state.commits};
  missed_ = 0;
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
  place_.commits = state.commits;
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
  if (state.salts != last_.salts || state.last_frame != last_.last_frame) last_commit_ = Clock::now();
  if (state.salts != last_.salts || state.backfilled <= last_.backfilled) return;
  last_backfill_ = Clock::now();
  if (last_.backfilled == 0)
    usual_checkpoint_ = std::min(default_checkpoint, std::max<FrameNumber>(state.last_frame, 1));
}

bool WalFollower::expects_checkpoint(const WalState& state) const {
  // Where a long reader holds checkpoints up, there is no use in looking closely.
  return wal_.locks.gate() == WalLocks::Gate::free && !wal_.locks.has_pin() && state.last_frame >= usual_checkpoint_ &&
         state.last_frame - state.backfilled < 2 * usual_checkpoint_ && Clock::now() - last_commit_ < tight_looking;
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
    move_pin(state);
    if (!open_early(state)) checkpoint_for_application(state, stop);
  }
}

void WalFollower::move_pin(const WalState& state) {
  WalLocks& locks = wal_.locks;
  const bool quiet = Clock::now() - last_commit_ >= pin_patience;
  if (locks.has_pin()) {
    if (quiet || state.last_frame >= pinned_until_) locks.release_pin();
    return;
  }
  // A checkpoint was made, and a commit came before the floor: that one was missed.
  const bool missed = state.backfilled > 0 && state.last_frame >= usual_checkpoint_ && state.backfilled > missed_;
  if (!missed || quiet) return;
  missed_ = state.backfilled;
  early_openings_ = early_openings_after_miss;
  if (std::uint64_t{state.last_frame} * wal_.file.frame_size() > limits_.pin_bytes) return;
  if (locks.take_pin(state.backfilled)) pinned_until_ = state.last_frame + usual_checkpoint_;
}

bool WalFollower::open_for_reset() {
  WalLocks& locks = wal_.locks;
  if (!locks.take_floor()) return false;
  const auto state = wal_.index.read();
  if (state && state->salts == place_.salts && state->last_frame == place_.frame &&
      state->backfilled == state->last_frame) {
    locks.release_pin();
    locks.release_gate();
    return true;
  }
  locks.release_floor();
  return false;
}

bool WalFollower::open_early(const WalState& state) {
  WalLocks& locks = wal_.locks;
  if (early_openings_ == 0 || !expects_checkpoint(state) || state.last_frame != place_.frame) return false;
  if (locks.take_floor()) {
    locks.release_floor();
    return false;
  }
  // Somebody copies, and may copy all there is, if no commit came since `state`.
  const auto now = wal_.index.read();
  if (!now || now->last_frame != place_.frame) return false;
  locks.release_gate();
  opened_ = Clock::now();
  --early_openings_;
  look_through_opening();
  return true;
}

WalFollower::Look WalFollower::look_through_opening() {
  WalLocks& locks = wal_.locks;
  const bool has_floor = locks.take_floor();
  auto state = wal_.index.read();
  if (!state) return Look::idle;
  const bool unchanged = state->salts == place_.salts && state->last_frame == place_.frame;
  // A commit that came before the gate was open is in a checkpoint of its own by now, and would be gone after it.
  if (!has_floor && unchanged && Clock::now() - *opened_ < longest_opening) return Look::idle;
  const bool awaits_reset = has_floor && unchanged && state->backfilled == state->last_frame;
  if (!awaits_reset) {
    // No frame may be read, and no conclusion be drawn, before nobody can reset the WAL any more.
    if (locks.take_gate() == WalLocks::Gate::none) return Look::idle;
    state = wal_.index.read();
    if (!state) return Look::idle;
    if (state->salts != place_.salts) {
      // More commits than this generation has: some were in the one before, or in one that came and went.
      if (state->commits - place_.commits != wal_.file.count_commits(state->last_frame)) return Look::gap;
      place_ = {state->salts, 0, place_.commits};
      missed_ = 0;
    }
    locks.release_floor();
  }
  opened_.reset();
  last_commit_ = Clock::now();
  return Look::progress;
}

void WalFollower::checkpoint_for_application(const WalState& state, std::stop_token stop) {
  const std::uint64_t bytes = std::uint64_t{state.last_frame} * wal_.file.frame_size();
  const auto now = Clock::now();
  if (bytes < limits_.checkpoint_bytes || now < next_checkpoint_ ||
      now - last_backfill_ < application_checkpoint_patience) {
    return;
  }
  next_checkpoint_ = now + checkpoint_retry;
  wal_.locks.release_pin();
  try {
    store_.checkpointer().checkpoint_passive();
    const auto after = wal_.index.read();
    // Without progress a long reader is in the way; with it, the next checkpoint has less to copy.
    if (after && after->backfilled > state.backfilled) {
      next_checkpoint_ = Clock::now() + std::max<Clock::duration>(checkpoint_pause, (Clock::now() - now) * 2);
      // Not a checkpoint of the application to learn from.
      last_ = *after;
      missed_ = after->backfilled;
    }
    if (after && after->last_frame != after->backfilled && bytes > limits_.barrier_bytes) {
      checkpoint_behind_barrier(stop);
    }
  } catch (const SqliteError& error) {
    if (!error.is_busy()) throw;
  }
}

void WalFollower::checkpoint_behind_barrier(std::stop_token stop) {
  // Nearly everything is copied by now, so the write lock is held for the last few frames only; nothing is written.
  store_.reader().set_patience(barrier_patience);
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
