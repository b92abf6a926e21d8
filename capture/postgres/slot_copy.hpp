#pragma once

#include <atomic>
#include <future>
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
  SlotCopying(const config::ConnectionSettings& settings, const std::string& slot);
  ~SlotCopying() { abandon(); }
  SlotCopying(const SlotCopying&) = delete;
  SlotCopying& operator=(const SlotCopying&) = delete;

  /// Waits for it; once. Throws DatabaseError, also when it was abandoned.
  SlotCopy get() { return copy_.get(); }
  /// Ends what waits for the server. Any thread.
  void abandon();

 private:
  ConnectionBreaker breaker_;
  std::atomic<bool> abandoned_ = false;
  std::future<SlotCopy> copy_;
};

}  // namespace pgmirror::capture::postgres
