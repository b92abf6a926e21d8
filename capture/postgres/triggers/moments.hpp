#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "capture/postgres/triggers/moment.hpp"
#include "change/snapshot.hpp"
#include "config/config.hpp"

namespace pgmirror::capture::postgres::triggers {

/// Gives out moments of the source in their order: to whoever follows the log, and to those who want a snapshot, at
/// whose moments the queue has to stop.
///
/// A promised moment waits for the follower with its transaction open. Its position stands in the source as promised
/// before anybody is told of it, so that it is known to be missing should the moment be lost before it was written.
class Moments {
 public:
  Moments(const config::ConnectionSettings& settings, change::Position last) : settings_(settings), last_(last) {}

  /// Makes a snapshot of a moment under its exported name, before the follower may have the moment.
  using Import = std::function<std::unique_ptr<change::Snapshot>(const std::string& exported, change::Position)>;
  /// Any thread. Throws DatabaseError, SourceRefused after close().
  std::unique_ptr<change::Snapshot> promise(const Import& import);

  struct Next {
    Moment moment;
    bool promised = false;
  };
  /// The follower: the first moment that is promised, or one of now over `connection`, which is left alone otherwise.
  /// Throws DatabaseError.
  Next next(std::optional<libpq::Connection>& connection);
  bool any_promised() const;
  /// Whether a moment was promised behind `written` and neither reached the queue nor waits here. Throws DatabaseError.
  bool any_lost(libpq::Connection& connection, change::Position written) const;
  /// The follower: until a moment is promised, `stop` is requested or so much time has passed.
  void wait(const std::stop_token& stop, std::chrono::milliseconds time);
  /// Nobody will follow any more.
  void close();

 private:
  libpq::Connection open() const;
  Moment take(libpq::Connection connection);

  config::ConnectionSettings settings_;
  mutable std::mutex mutex_;
  std::condition_variable_any promised_now_;
  change::Position last_;
  std::deque<Moment> promised_;
  bool closed_ = false;
};

}  // namespace pgmirror::capture::postgres::triggers
