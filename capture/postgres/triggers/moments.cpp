#include "capture/postgres/triggers/moments.hpp"

#include <algorithm>
#include <utility>

#include "capture/postgres/source_session.hpp"
#include "capture/postgres/triggers/progress.hpp"
#include "capture/source_refused.hpp"

namespace pgmirror::capture::postgres::triggers {

libpq::Connection Moments::open() const { return open_source_session(settings_, "pgmirror snapshot"); }

Moment Moments::take(libpq::Connection connection) {
  Moment moment(std::move(connection), last_);
  last_ = moment.position();
  return moment;
}

std::unique_ptr<change::Snapshot> Moments::promise(const Import& import) {
  libpq::Connection reading = open();
  libpq::Connection noting = open();
  const std::lock_guard lock(mutex_);
  if (closed_) throw SourceRefused("source " + settings_.address() + ": is not followed any more");
  Moment moment = take(std::move(reading));
  Progress::store(noting, moment.position(), moment.snapshot(), true);
  auto snapshot = import(moment.export_name(), moment.position());
  promised_.push_back(std::move(moment));
  promised_now_.notify_all();
  return snapshot;
}

Moments::Next Moments::next(std::optional<libpq::Connection>& connection) {
  const std::lock_guard lock(mutex_);
  if (!promised_.empty()) {
    Next next{.moment = std::move(promised_.front()), .promised = true};
    promised_.pop_front();
    return next;
  }
  libpq::Connection reading = std::move(*connection);
  connection.reset();
  return {.moment = take(std::move(reading)), .promised = false};
}

bool Moments::any_promised() const {
  const std::lock_guard lock(mutex_);
  return !promised_.empty();
}

void Moments::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  promised_.clear();
}

bool Moments::any_lost(libpq::Connection& connection, change::Position written) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(Progress::promises_after(connection, written), [this](change::Position position) {
    return std::ranges::find(promised_, position, &Moment::position) == promised_.end();
  });
}

void Moments::wait(const std::stop_token& stop, std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  promised_now_.wait_for(lock, stop, time, [this] { return !promised_.empty(); });
}

}  // namespace pgmirror::capture::postgres::triggers
