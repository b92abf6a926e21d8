#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <string>

#include "capture/postgres/connection_breaker.hpp"
#include "config/config.hpp"
#include "libpq/connection.hpp"

namespace pgmirror::capture::postgres {

/// A session of its own with a temporary slot that stands where ours did and goes with the session, fit for reading a
/// backlog from it.
struct SlotCopy {
  libpq::Connection connection;
  std::string slot;
};

/// Makes one beside us: connecting and the slot's files take as long as everything else before the first row. Its end
/// breaks what is on its way. One thread.
class SlotCopying {
 public:
  /// `memory`: whether its server process may keep more of a large transaction than others (decoding_memory.hpp).
  enum class Memory : std::uint8_t { raised, as_set };
  /// `before`, where there is one, has the first pick of slots: tried().
  SlotCopying(const config::ConnectionSettings& settings, const std::string& slot, Memory memory,
              const std::shared_future<void>& before = {});
  ~SlotCopying() { abandon(); }
  SlotCopying(const SlotCopying&) = delete;
  SlotCopying& operator=(const SlotCopying&) = delete;

  /// Ready when it has its slot, or will never have one.
  const std::shared_future<void>& tried() const { return tried_; }
  bool ready() const { return copy_.wait_for(std::chrono::seconds{0}) == std::future_status::ready; }
  /// Waits for it; once. Throws DatabaseError, also when it was abandoned.
  SlotCopy get() { return copy_.get(); }
  /// Ends what waits for the server. Any thread.
  void abandon();

 private:
  ConnectionBreaker breaker_;
  std::atomic<bool> abandoned_ = false;
  std::promise<void> try_;
  const std::shared_future<void> tried_{try_.get_future()};
  std::future<SlotCopy> copy_;
};

/// Of one slot, for those who read its backlog together.
struct SlotCopies {
  std::unique_ptr<SlotCopying> second;  ///< nobody: the backlog is a small one
  std::unique_ptr<SlotCopying> first;   ///< ends before the second one, which waits for it

  explicit operator bool() const { return first != nullptr; }
};

}  // namespace pgmirror::capture::postgres
