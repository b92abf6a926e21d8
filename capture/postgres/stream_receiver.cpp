#include "capture/postgres/stream_receiver.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "capture/postgres/replication_frame.hpp"

namespace pgmirror::capture::postgres {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t received_ahead = std::size_t{4} << 20U;
/// A reply wakes the server's sender, so that one for each sync would cost it more than the sending.
constexpr auto least_between_reports = 100ms;
constexpr auto ask_after_silence = 15s;
constexpr auto lost_after_silence = 60s;

std::chrono::milliseconds report_interval(std::chrono::milliseconds server_timeout) {
  constexpr std::chrono::milliseconds longest = 10s;
  if (server_timeout <= 0ms) return longest;
  return std::clamp<std::chrono::milliseconds>(server_timeout / 4, 10ms, longest);
}

}  // namespace

StreamReceiver::StreamReceiver(ReplicationSession session, change::Position durable, const Limits& limits,
                               std::function<void()> lost)
    : session_(std::move(session)),
      limits_(limits),
      report_interval_(report_interval(limits.server_timeout)),
      lost_(std::move(lost)),
      chunks_(received_ahead, [this] { wake_.raise(); }),
      durable_(durable.value),
      thread_([this](const std::stop_token& stop) { receive_all(stop); }) {}

StreamReceiver::~StreamReceiver() {
  thread_.request_stop();
  wake_.raise();
}

void StreamReceiver::acknowledge(change::Position durable) {
  durable_ = durable.value;
  wake_.raise();
}

void StreamReceiver::ask_for_keepalive() {
  if (!keepalive_wanted_.exchange(true)) wake_.raise();
}

void StreamReceiver::receive_all(const std::stop_token& stop) {
  try {
    while (!stop.stop_requested()) {
      report_where_due();
      reading_ = chunks_.has_room();
      notice_full_queue();
      const short awaited = awaited_events();
      // Where nothing is awaited of it, a connection that is lost would end each wait.
      std::array<pollfd, 2> descriptors{
          {{.fd = wake_.descriptor(), .events = POLLIN, .revents = 0},
           {.fd = awaited == 0 ? -1 : session_.socket(), .events = awaited, .revents = 0}}};
      const int ready = ::poll(descriptors.data(), descriptors.size(), static_cast<int>(longest_wait().count()));
      if (ready < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "poll");
      if (descriptors[0].revents != 0) wake_.take();
      receive_some(descriptors[1].revents);
      notice_silence();
    }
    session_.send_status({durable_}, false);
    session_.end_stream();
  } catch (...) {
    chunks_.end(std::current_exception());
    // Not only when the taking side has come so far: it may be blocked for hours.
    session_.close();
    lost_();
  }
}

short StreamReceiver::awaited_events() const {
  short awaited = 0;
  if (reading_ && !lumps_.naps()) awaited |= POLLIN;
  if (unsent_) awaited |= POLLOUT;
  return awaited;
}

std::chrono::milliseconds StreamReceiver::longest_wait() const {
  if (reading_ && session_.ended()) return 0ms;
  if (reading_ && lumps_.flowing()) return lumps_.longest_wait();
  auto due = last_report_ + (durable_ == reported_ ? report_interval_ : least_between_reports);
  if (!reading_) due = std::min(due, last_room_ + limits_.patience);
  return std::max<std::chrono::milliseconds>(1ms, std::chrono::ceil<std::chrono::milliseconds>(due - Clock::now()));
}

void StreamReceiver::receive_some(short events) {
  if (unsent_ && (events & POLLOUT) != 0) unsent_ = session_.send_rest();
  const bool readable = (events & (POLLIN | POLLHUP | POLLERR)) != 0 || lumps_.flowing() || session_.ended();
  if (!reading_ || !readable) return;
  do {
    StreamChunk chunk = session_.receive();
    lumps_.read(chunk.bytes());
    if (chunk.empty()) return;
    last_heard_ = Clock::now();
    chunk.each([this](std::string_view frame) {
      if (frame.front() == 'k') asked_ = false;
      if (requests_reply(frame)) reply_owed_ = true;
    });
    chunks_.put(std::move(chunk));
  } while (session_.ended());
}

void StreamReceiver::report_where_due() {
  const auto now = Clock::now();
  const bool ask = keepalive_wanted_ && !asked_;
  const bool moved = durable_ != reported_ && now - last_report_ >= least_between_reports;
  if (!reply_owed_ && !ask && !moved && now - last_report_ < report_interval_) return;
  const bool silent = now - last_heard_ > ask_after_silence;
  if (ask) keepalive_wanted_ = false;
  asked_ = asked_ || ask;
  reported_ = durable_;
  unsent_ = session_.send_status({reported_}, ask || silent);
  last_report_ = now;
  reply_owed_ = false;
}

void StreamReceiver::notice_full_queue() {
  if (reading_) {
    last_room_ = Clock::now();
    return;
  }
  last_heard_ = Clock::now();
  if (Clock::now() - last_room_ < limits_.patience) return;
  throw libpq::DatabaseError("connection was given back, since the queue took nothing for a while", "", true);
}

void StreamReceiver::notice_silence() const {
  if (Clock::now() - last_heard_ < lost_after_silence) return;
  throw libpq::DatabaseError("server has not answered for a minute", "", true);
}

}  // namespace pgmirror::capture::postgres
