#pragma once

#include <future>
#include <optional>

#include "config/config.hpp"
#include "libpq/connection.hpp"

namespace pgmirror::sinks::postgres {

/// A second session of a worker, opened by a thread of its own while the first one works. One thread may call it; it
/// ends when an attempt to connect does.
class SecondSession {
 public:
  /// `mirror` outlives the object.
  explicit SecondSession(const config::Mirror& mirror) : mirror_(mirror) {}

  /// Begins to open it, at the first call.
  void open();
  /// Null until it is open, which may be never: the mirror refuses it, and the log tells so. Does not wait.
  libpq::Connection* get();

 private:
  const config::Mirror& mirror_;
  bool wanted_ = false;
  std::optional<libpq::Connection> connection_;
  std::future<libpq::Connection> opening_;
};

}  // namespace pgmirror::sinks::postgres
