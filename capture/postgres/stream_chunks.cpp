#include "capture/postgres/stream_chunks.hpp"

namespace pgmirror::capture::postgres {

bool StreamChunks::has_room() const {
  const std::lock_guard lock(mutex_);
  return bytes_ < limit_bytes_;
}

void StreamChunks::put(StreamChunk chunk) {
  {
    const std::lock_guard lock(mutex_);
    bytes_ += chunk.bytes();
    chunks_.push_back(std::move(chunk));
  }
  filled_.notify_one();
}

void StreamChunks::end(std::exception_ptr reason) {
  {
    const std::lock_guard lock(mutex_);
    end_ = std::move(reason);
  }
  filled_.notify_one();
}

void StreamChunks::finish() {
  {
    const std::lock_guard lock(mutex_);
    finished_ = true;
  }
  filled_.notify_one();
}

std::optional<StreamChunk> StreamChunks::take(const std::stop_token& stop, std::chrono::milliseconds timeout) {
  std::optional<StreamChunk> taken;
  bool room_made = false;
  {
    std::unique_lock lock(mutex_);
    filled_.wait_for(lock, stop, timeout, [this] { return !chunks_.empty() || end_ || finished_; });
    if (chunks_.empty()) {
      if (end_) std::rethrow_exception(end_);
      return taken;
    }
    taken = std::move(chunks_.front());
    chunks_.pop_front();
    const bool was_full = bytes_ >= limit_bytes_;
    bytes_ -= taken->bytes();
    room_made = was_full && bytes_ < limit_bytes_;
  }
  if (room_made) room_made_();
  return taken;
}

bool StreamChunks::finished() const {
  const std::lock_guard lock(mutex_);
  return finished_ && chunks_.empty();
}

bool StreamChunks::waiting() const {
  const std::lock_guard lock(mutex_);
  return !chunks_.empty();
}

}  // namespace pgmirror::capture::postgres
