#include "sinks/postgres/reading_pace.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace pgmirror::sinks::postgres {

void ReadingPace::read(std::uint64_t bytes, const std::stop_token& stop) {
  if (bytes_per_second_ == 0) return;
  const std::chrono::duration<double> worth(static_cast<double>(bytes) / static_cast<double>(bytes_per_second_));
  const auto now = std::chrono::steady_clock::now();
  // What was not read in time is not made up for.
  next_ = std::max(next_, now) + std::chrono::duration_cast<std::chrono::steady_clock::duration>(worth);
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any().wait_until(lock, stop, next_, [] { return false; });
}

}  // namespace pgmirror::sinks::postgres
