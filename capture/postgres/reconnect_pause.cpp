#include "capture/postgres/reconnect_pause.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace pgmirror::capture::postgres {

void ReconnectPause::wait(const std::stop_token& stop) {
  std::uniform_int_distribution<std::int64_t> between(next_.count() / 2, next_.count());
  const std::chrono::milliseconds pause{between(chance_)};
  next_ = std::min(next_ * 2, longest);
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait_for(lock, stop, pause, [] { return false; });
}

}  // namespace pgmirror::capture::postgres
