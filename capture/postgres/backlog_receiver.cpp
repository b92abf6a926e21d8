#include "capture/postgres/backlog_receiver.hpp"

#include <poll.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <string_view>
#include <system_error>
#include <utility>

namespace pgmirror::capture::postgres {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t received_ahead = std::size_t{4} << 20U;
/// The server decodes everything that was asked for before it sends the first row.
constexpr auto lost_after_silence = 5min;

std::uint64_t rows_copied(const libpq::Result& copy) {
  const std::string_view count = PQcmdTuples(copy.native());
  std::uint64_t rows = 0;
  std::from_chars(count.data(), count.data() + count.size(), rows);
  return rows;
}

}  // namespace

BacklogReceiver::BacklogReceiver(libpq::Connection connection, NextCopy next_copy, std::chrono::milliseconds patience,
                                 const Lost& lost)
    : connection_(std::move(connection)),
      next_copy_(std::move(next_copy)),
      patience_(patience),
      lost_(lost),
      chunks_(received_ahead, [this] { wake_.raise(); }),
      thread_([this](const std::stop_token& stop) { receive_all(stop); }) {}

BacklogReceiver::~BacklogReceiver() { stop(); }

void BacklogReceiver::give_up(const std::exception_ptr& why) {
  chunks_.end(why);
  stop();
}

void BacklogReceiver::stop() {
  thread_.request_stop();
  wake_.raise();
  breaker_.break_connection();
}

void BacklogReceiver::receive_all(const std::stop_token& stop) {
  try {
    while (ask_for_next(stop)) receive_copy(stop);
    if (!stop.stop_requested()) {
      chunks_.finish();
      return;
    }
  } catch (...) {
    chunks_.end(std::current_exception());
    lost_(std::current_exception());
  }
  // At once: the taking side may be blocked for hours.
  const libpq::Connection closing = std::move(connection_);
}

bool BacklogReceiver::ask_for_next(const std::stop_token& stop) {
  const ConnectionBreaker::Guard guard(breaker_, PQsocket(connection_.native()));
  if (stop.stop_requested()) return false;
  const auto copy = next_copy_(connection_, std::exchange(rows_, 0));
  if (!copy) return false;
  if (PQsendQuery(connection_.native(), copy->c_str()) != 1) fail();
  copying_ = false;
  last_heard_ = Clock::now();
  return true;
}

void BacklogReceiver::receive_copy(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    wait();
    if (!its_turn_) last_room_ = Clock::now();
    if (!chunks_.has_room()) {
      if (Clock::now() - last_room_ < patience_) continue;
      throw libpq::DatabaseError("connection was given back, since the queue took nothing for a while", "", true);
    }
    last_room_ = Clock::now();
    if (receive_some()) return;
    if (Clock::now() - last_heard_ > lost_after_silence)
      throw libpq::DatabaseError("server has not answered for minutes", "", true);
  }
}

void BacklogReceiver::wait() {
  const bool reading = chunks_.has_room();
  // Where nothing is awaited of it, a connection that is lost would end each wait.
  std::array<pollfd, 2> descriptors{
      {{.fd = wake_.descriptor(), .events = POLLIN, .revents = 0},
       {.fd = reading ? PQsocket(connection_.native()) : -1, .events = POLLIN, .revents = 0}}};
  const auto timeout = reading && lumps_.flowing() ? lumps_.longest_wait() : 1s;
  const int ready = ::poll(descriptors.data(), descriptors.size(), static_cast<int>(timeout / 1ms));
  if (ready < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "poll");
  if (descriptors[0].revents != 0) wake_.take();
}

bool BacklogReceiver::receive_some() {
  PGconn* const native = connection_.native();
  if (PQconsumeInput(native) != 1) fail();
  if (!copying_) {
    if (PQisBusy(native) == 1) return false;
    const libpq::Result begun(PQgetResult(native));
    if (PQresultStatus(begun.native()) != PGRES_COPY_OUT) throw connection_.error(begun.native());
    copying_ = true;
  }
  StreamChunk chunk;
  int size = 0;
  for (;;) {
    char* row = nullptr;
    size = PQgetCopyData(native, &row, 1);
    if (size <= 0) break;
    chunk.add(StreamChunk::LibpqBuffer(row, &PQfreemem), static_cast<std::size_t>(size));
  }
  lumps_.read(chunk.bytes());
  if (!chunk.empty()) {
    last_heard_ = Clock::now();
    chunks_.put(std::move(chunk));
  }
  if (size == 0) return false;
  if (size < -1) fail();
  const libpq::Result ended(PQgetResult(native));
  if (PQresultStatus(ended.native()) != PGRES_COMMAND_OK) throw connection_.error(ended.native());
  rows_ = rows_copied(ended);
  while (PGresult* rest = PQgetResult(native)) PQclear(rest);
  lumps_.end();
  return true;
}

void BacklogReceiver::fail() const {
  const libpq::DatabaseError error = connection_.error(nullptr);
  throw libpq::DatabaseError(error.what(), error.sqlstate(), true);
}

}  // namespace pgmirror::capture::postgres
