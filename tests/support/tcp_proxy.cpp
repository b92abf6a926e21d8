#include "tests/support/tcp_proxy.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/proxied_connection.hpp"

namespace pgmirror::tests {
namespace {

using Time = ProxiedConnection::Time;
using Mode = NetworkWeather::Mode;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int listen_on_free_port() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  auto address = loopback(0);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(listener, 64) != 0)
    throw std::system_error(errno, std::generic_category(), "proxy cannot listen");
  return listener;
}

void send_at_once(int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/// poll() counts whole milliseconds; rounding down would spin, rounding up is late by less than one.
int milliseconds_until(std::optional<Time> time) {
  if (!time) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*time - std::chrono::steady_clock::now());
  return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

}  // namespace

/// The proxy's thread and everything it alone touches; others hand it tasks.
class TcpProxy::Service {
 public:
  explicit Service(std::uint16_t server_port)
      : server_port_(server_port),
        listener_(listen_on_free_port()),
        wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        thread_([this] { work(); }) {}

  ~Service() {
    run([this] { stopping_ = true; });
    thread_.join();
    connections_.clear();
    ::close(listener_);
    ::close(wake_);
  }

  std::uint16_t port() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
  }

  /// Runs `task` on the proxy's thread and returns after it.
  void run(std::function<void()> task) {
    std::packaged_task<void()> packaged(std::move(task));
    auto done = packaged.get_future();
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(packaged));
    }
    const std::uint64_t one = 1;
    if (::write(wake_, &one, sizeof one) != sizeof one)
      throw std::system_error(errno, std::generic_category(), "proxy cannot be woken");
    done.get();
  }

  void close_all() { connections_.clear(); }
  void lose_packets(unsigned per_thousand) {
    for (const auto& connection : connections_) connection->lose_packets(per_thousand);
  }

  NetworkWeather weather;
  std::uint64_t accepted = 0;
  unsigned lost_per_thousand = 0;

 private:
  void work() {
    while (!stopping_) {
      std::vector<pollfd> events{{wake_, POLLIN, 0}, {listener_, POLLIN, 0}};
      std::optional<Time> look_again;
      for (const auto& connection : connections_) {
        const auto time = connection->wait_for(events, weather);
        if (time && (!look_again || *time < *look_again)) look_again = time;
      }
      ::poll(events.data(), events.size(), milliseconds_until(look_again));
      run_tasks();
      accept_clients();
      const auto now = std::chrono::steady_clock::now();
      std::erase_if(connections_, [&](const auto& connection) { return !connection->move(weather, now); });
    }
  }

  void run_tasks() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto ignored = ::read(wake_, &count, sizeof count);
    std::vector<std::packaged_task<void()>> tasks;
    {
      const std::lock_guard lock(mutex_);
      tasks.swap(tasks_);
    }
    for (auto& task : tasks) task();
  }

  void accept_clients() {
    for (int client = 0; (client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
      ++accepted;
      const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      auto address = loopback(server_port_);
      if (weather.mode == Mode::refuse ||
          ::connect(server, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        ::close(client);
        ::close(server);
        continue;
      }
      send_at_once(client);
      send_at_once(server);
      connections_.push_back(std::make_unique<ProxiedConnection>(client, server));
      if (lost_per_thousand > 0) connections_.back()->lose_packets(lost_per_thousand);
    }
  }

  std::uint16_t server_port_;
  int listener_;
  int wake_;
  bool stopping_ = false;
  std::vector<std::unique_ptr<ProxiedConnection>> connections_;
  std::mutex mutex_;
  std::vector<std::packaged_task<void()>> tasks_;
  std::thread thread_;
};

TcpProxy::TcpProxy(const config::ConnectionSettings& server) : server_(server) {
  if (server.host != "127.0.0.1") throw std::logic_error("the proxy serves loopback only, not " + server.host);
  service_ = std::make_unique<Service>(server.port);
}

TcpProxy::~TcpProxy() = default;

std::uint16_t TcpProxy::port() const { return service_->port(); }

config::ConnectionSettings TcpProxy::settings() const {
  auto settings = server_;
  settings.port = port();
  return settings;
}

void TcpProxy::delay_each_way(std::chrono::milliseconds delay) {
  service_->run([&] { service_->weather.delay = delay; });
}

void TcpProxy::limit_rate(std::uint64_t bytes_per_second) {
  service_->run([&] { service_->weather.bytes_per_second = bytes_per_second; });
}

void TcpProxy::lose_packets(unsigned per_thousand) {
  service_->run([&] {
    service_->lost_per_thousand = per_thousand;
    service_->lose_packets(per_thousand);
  });
}

void TcpProxy::go_silent() {
  service_->run([&] { service_->lose_packets(1000); });
}

void TcpProxy::cut() {
  service_->run([&] { service_->close_all(); });
}

void TcpProxy::refuse() {
  service_->run([&] {
    service_->weather.mode = Mode::refuse;
    service_->close_all();
  });
}

void TcpProxy::black_hole() {
  service_->run([&] { service_->weather.mode = Mode::black_hole; });
}

void TcpProxy::serve() {
  service_->run([&] { service_->weather.mode = Mode::serve; });
}

void TcpProxy::cut_after_frontend_messages(std::uint64_t count) {
  service_->run([&] {
    service_->weather.fault = NetworkWeather::Fault::cut;
    service_->weather.fault_at = service_->weather.messages + count;
  });
}

void TcpProxy::lose_answer_after_frontend_messages(std::uint64_t count) {
  service_->run([&] {
    service_->weather.fault = NetworkWeather::Fault::lose_answer;
    service_->weather.fault_at = service_->weather.messages + count;
  });
}

std::uint64_t TcpProxy::frontend_messages() const {
  std::uint64_t count = 0;
  service_->run([&] { count = service_->weather.messages; });
  return count;
}

std::uint64_t TcpProxy::connections() const {
  std::uint64_t count = 0;
  service_->run([&] { count = service_->accepted; });
  return count;
}

}  // namespace pgmirror::tests
