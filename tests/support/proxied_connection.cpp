#include "tests/support/proxied_connection.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "tests/support/packet_loss.hpp"

namespace pgmirror::tests {
namespace {

// Enough for 200 ms of a fast loopback, so that a delay does not become a limit of the bandwidth.
constexpr std::size_t most_held = 256U << 20U;
constexpr auto silence_that_ends_an_answer = std::chrono::milliseconds{200};
// A message in the middle of a pipeline gets no answer at all.
constexpr auto longest_wait_for_an_answer = std::chrono::milliseconds{1000};

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

/// A reset rather than an orderly end, as from a network that failed.
void reset(int socket) {
  const linger at_once{1, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(socket);
}

}  // namespace

bool DelayLine::wants_to_read() const { return !ended_ && held_ < most_held; }

std::optional<DelayLine::Time> DelayLine::next_due() const {
  if (waiting_.empty()) return std::nullopt;
  return waiting_.front().due;
}

std::string DelayLine::receive() {
  std::array<char, 64U << 10U> buffer;
  const auto size = ::recv(from_, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (size > 0) return {buffer.data(), static_cast<std::size_t>(size)};
  if (size == 0 || !would_block()) ended_ = true;
  return {};
}

void DelayLine::push(std::string bytes, Time due, std::uint64_t bytes_per_second) {
  if (bytes_per_second > 0) {
    busy_until_ = std::max(busy_until_, due) + std::chrono::microseconds{bytes.size() * 1'000'000 / bytes_per_second};
    due = busy_until_;
  }
  held_ += bytes.size();
  waiting_.push_back({due, std::move(bytes)});
}

bool DelayLine::send(Time now) {
  while (!waiting_.empty() && waiting_.front().due <= now) {
    auto& bytes = waiting_.front().bytes;
    const auto sent = ::send(to_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) return would_block();
    held_ -= static_cast<std::size_t>(sent);
    bytes.erase(0, static_cast<std::size_t>(sent));
    if (!bytes.empty()) return true;
    waiting_.pop_front();
  }
  return true;
}

ProxiedConnection::ProxiedConnection(int client, int server)
    : client_(client), server_(server), up_(client, server), down_(server, client) {}

ProxiedConnection::~ProxiedConnection() {
  reset(client_);
  reset(server_);
}

std::optional<ProxiedConnection::Time> ProxiedConnection::wait_for(std::vector<pollfd>& events,
                                                                   const NetworkWeather& weather) const {
  const auto now = std::chrono::steady_clock::now();
  const bool moving = weather.mode != NetworkWeather::Mode::black_hole;
  const auto interest = [&](const DelayLine& in, const DelayLine& out) {
    short wanted = in.wants_to_read() ? POLLIN : 0;
    if (const auto due = out.next_due(); moving && due && *due <= now) wanted |= POLLOUT;
    return wanted;
  };
  // A socket without interest is left out: poll() would report its end over and over.
  if (const short wanted = interest(up_, down_)) events.push_back({client_, wanted, 0});
  if (const short wanted = interest(down_, up_)) events.push_back({server_, wanted, 0});

  std::optional<Time> look_again;
  const auto consider = [&](std::optional<Time> time) {
    if (time && *time > now && (!look_again || *time < *look_again)) look_again = time;
  };
  if (moving) {
    consider(up_.next_due());
    consider(down_.next_due());
  }
  consider(lost_at_);
  return look_again;
}

bool ProxiedConnection::move(NetworkWeather& weather, Time now) {
  if (up_.wants_to_read()) take_from_client(weather, now);
  if (down_.wants_to_read()) take_from_server(weather, now);
  if (weather.mode == NetworkWeather::Mode::black_hole) return true;
  if (!up_.send(now) || !down_.send(now)) return false;
  if (up_.drained() && fault_ != NetworkWeather::Fault::lose_answer) return false;
  if (up_.drained() && !lost_at_) lost_at_ = now + longest_wait_for_an_answer;
  return !down_.drained() && (!lost_at_ || now < *lost_at_);
}

void ProxiedConnection::lose_packets(unsigned per_thousand) {
  tests::lose_packets(client_, per_thousand);
  tests::lose_packets(server_, per_thousand);
}

void ProxiedConnection::take_from_client(NetworkWeather& weather, Time now) {
  auto bytes = up_.receive();
  if (bytes.empty()) return;
  std::size_t passing = bytes.size();
  messages_.read(bytes, [&](std::size_t end) {
    ++weather.messages;
    if (weather.fault == NetworkWeather::Fault::none || weather.messages != weather.fault_at) return;
    fault_ = std::exchange(weather.fault, NetworkWeather::Fault::none);
    passing = end;
    up_.end();
  });
  bytes.resize(passing);
  up_.push(std::move(bytes), now + weather.delay, weather.bytes_per_second);
}

void ProxiedConnection::take_from_server(const NetworkWeather& weather, Time now) {
  auto bytes = down_.receive();
  if (bytes.empty()) return;
  if (lost_at_)
    lost_at_ = now + silence_that_ends_an_answer;
  else
    down_.push(std::move(bytes), now + weather.delay, weather.bytes_per_second);
}

}  // namespace pgmirror::tests
