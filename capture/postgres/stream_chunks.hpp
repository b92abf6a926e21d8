#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>

#include "capture/postgres/stream_chunk.hpp"

namespace pgmirror::capture::postgres {

/// What was received and not yet taken, a few megabytes at most and one frame more. One thread puts in, one takes out.
class StreamChunks {
 public:
  /// `room_made` is called, by the taking thread, when there is room again after there was none.
  StreamChunks(std::size_t limit_bytes, std::function<void()> room_made)
      : limit_bytes_(limit_bytes), room_made_(std::move(room_made)) {}

  bool has_room() const;
  /// Never blocks; whoever receives asks has_room() first.
  void put(StreamChunk chunk);
  /// Nothing more will come; what was put is still given out, then `reason` is thrown.
  void end(std::exception_ptr reason);
  /// Nothing more will come, and all is well.
  void finish();

  /// Blocks for at most `timeout`; nothing when none came. Throws what end() was given.
  std::optional<StreamChunk> take(const std::stop_token& stop, std::chrono::milliseconds timeout);
  bool waiting() const;
  /// finish() was called and everything was taken.
  bool finished() const;

 private:
  const std::size_t limit_bytes_;
  const std::function<void()> room_made_;
  mutable std::mutex mutex_;
  std::condition_variable_any filled_;
  std::deque<StreamChunk> chunks_;
  std::size_t bytes_ = 0;
  std::exception_ptr end_;
  bool finished_ = false;
};

}  // namespace pgmirror::capture::postgres
