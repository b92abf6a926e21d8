#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>

#include "capture/sqlite/batch_queue.hpp"
#include "capture/sqlite/open_store.hpp"
#include "capture/sqlite/wal_batch_reader.hpp"

namespace pgmirror::capture::sqlite {

/// Reads committed frames as they appear and moves the two locks (see WalLocks) so that the application can reset its
/// WAL when everything in it was read.
///
/// Runs on a thread of its own: the moment between the end of a checkpoint and the application's next commit is some
/// ten microseconds long under load, and must not be missed because of a sync.
class WalFollower {
 public:
  struct Limits {
    /// A transaction with more bytes is read from the WAL by whoever decodes it.
    std::size_t largest_held = std::size_t{8} << 20U;
    /// Beyond this, and when the application does not checkpoint, we do.
    std::uint64_t checkpoint_bytes = std::uint64_t{16} << 20U;
    /// Beyond this a checkpoint that never catches up with the application's commits holds them up for a moment.
    std::uint64_t barrier_bytes = std::uint64_t{32} << 20U;
    /// A WAL longer than this is not pinned: the application's commits pay for shortening it.
    std::uint64_t pin_bytes = std::uint64_t{24} << 20U;
  };
  /// Frames up to `frame` of the generation are known. The gate must be held.
  struct Place {
    std::uint64_t salts = 0;
    FrameNumber frame = 0;
    std::uint32_t commits = 0;  ///< WalState::commits at that frame
  };
  enum class End {
    stopped,
    gap,  ///< what came between cannot be read: only a comparison of the whole file helps
  };

  WalFollower(OpenStore& store, BatchQueue& queue, Place place, Limits limits);

  /// Until `stop`, or until commits were missed. Throws SqliteError, std::system_error.
  End run(std::stop_token stop);

 private:
  using Clock = std::chrono::steady_clock;
  enum class Look { idle, progress, gap, stopped };

  Look guarded_look(std::stop_token stop);
  Look look(std::stop_token stop);
  bool take_up_generation(const WalState& state);
  bool consume(const WalState& state, std::stop_token stop);
  void move_locks(const WalState& state, std::stop_token stop);
  bool open_for_reset();
  bool open_early(const WalState& state);
  Look look_through_opening();
  void move_pin(const WalState& state);
  void checkpoint_for_application(const WalState& state, std::stop_token stop);
  void checkpoint_behind_barrier(std::stop_token stop);
  bool expects_checkpoint(const WalState& state) const;
  void learn(const WalState& state);
  std::chrono::microseconds interval_under_load();
  void pause(std::chrono::microseconds duration, std::stop_token stop);

  OpenStore& store_;
  OpenStore::Wal& wal_;
  BatchQueue& queue_;
  WalBatchReader reader_;
  Place place_;
  Limits limits_;
  WalState last_{};
  FrameNumber usual_checkpoint_;  ///< length of the WAL at which the application is seen to checkpoint
  Clock::time_point last_look_{};
  FrameNumber last_look_frame_ = 0;
  Clock::time_point last_commit_{};
  Clock::time_point last_backfill_{};
  /// Neither gate nor floor is held, since then: the floor is wanted as soon as the checkpoint in progress ends.
  std::optional<Clock::time_point> opened_{};
  /// Resets to come before the floor is tried without an early opening again.
  int early_openings_ = 0;
  FrameNumber missed_ = 0;        ///< backfill of this generation that a commit overtook before the floor was taken
  FrameNumber pinned_until_ = 0;  ///< length of the WAL at which the pin is released
  Clock::time_point next_checkpoint_{};
  Clock::time_point next_file_check_{};
  std::uint64_t warned_unsalted_ = 0;
  int unreadable_ = 0;
  std::mutex pause_mutex_;
  std::condition_variable_any paused_;
};

}  // namespace pgmirror::capture::sqlite
