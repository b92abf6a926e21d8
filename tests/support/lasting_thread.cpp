#include "tests/support/lasting_thread.hpp"

#include <future>
#include <mutex>
#include <thread>

#include <condition_variable>
#include <deque>

namespace pgmirror::tests {
namespace {

class LastingThread {
 public:
  LastingThread() : thread_([this] { work(); }) {}

  void run(const std::function<void()>& task) {
    std::packaged_task<void()> packaged(task);
    auto done = packaged.get_future();
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(packaged));
    }
    arrived_.notify_one();
    done.get();
  }

 private:
  [[noreturn]] void work() {
    for (;;) {
      std::unique_lock lock(mutex_);
      arrived_.wait(lock, [this] { return !tasks_.empty(); });
      auto task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
    }
  }

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::packaged_task<void()>> tasks_;
  std::thread thread_;
};

}  // namespace

void on_lasting_thread(const std::function<void()>& task) {
  // Never destroyed: it must outlive every static object whose destructor stops a child.
  static auto* const thread = new LastingThread;
  thread->run(task);
}

}  // namespace pgmirror::tests
