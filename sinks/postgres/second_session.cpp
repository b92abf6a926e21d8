#include "sinks/postgres/second_session.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

#include "sinks/postgres/worker_sessions.hpp"

namespace pgmirror::sinks::postgres {

void SecondSession::open() {
  if (std::exchange(wanted_, true)) return;
  opening_ = std::async(std::launch::async, [this] { return open_worker_session(mirror_); });
}

libpq::Connection* SecondSession::get() {
  if (opening_.valid() && opening_.wait_for(std::chrono::seconds{0}) == std::future_status::ready) {
    try {
      connection_.emplace(opening_.get());
    } catch (const libpq::DatabaseError& error) {
      spdlog::info("[MirrorConnection] Applying over one connection, a second is refused: {}", error.what());
    }
  }
  return connection_ ? &*connection_ : nullptr;
}

}  // namespace pgmirror::sinks::postgres
