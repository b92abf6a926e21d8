#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "config/config.hpp"

namespace pgmirror::tests {

/// A TCP proxy on a free loopback port in front of a PostgreSQL server that does what networks do.
///
/// Runs on one thread of its own. All functions may be called from any thread and have taken effect on return. The
/// message counting functions read the PostgreSQL protocol and need sslmode=disable.
class TcpProxy {
 public:
  explicit TcpProxy(const config::ConnectionSettings& server);
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  std::uint16_t port() const;
  /// The server's settings with our address, for whoever shall go through the proxy.
  config::ConnectionSettings settings() const;

  /// Each byte arrives `delay` later in each direction; bandwidth stays as it is.
  void delay_each_way(std::chrono::milliseconds delay);
  /// A line of so many bytes a second for each connection and direction.
  void limit_rate(std::uint64_t bytes_per_second);
  /// So many of a thousand packets are lost, on connections there are and those to come.
  void lose_packets(unsigned per_thousand);
  /// Each packet is lost from now on that belongs to a connection there is, as where a machine goes away without a
  /// word; new connections are served.
  void go_silent();
  /// Closes all connections now; new ones are served as before.
  void cut();
  /// Closes all connections and those to come, until serve().
  void refuse();
  /// Nothing moves any more, on connections there are and those to come, but they stay open; until serve().
  void black_hole();
  /// Back to ordinary service. Bytes held in a black hole go on their way.
  void serve();

  /// Cuts a connection when it has passed on the `count`-th frontend message from now, counted over all connections
  /// and without startup messages.
  void cut_after_frontend_messages(std::uint64_t count);
  /// The same, but the server gets to answer first and the answer is thrown away: the client cannot know what happened.
  void lose_answer_after_frontend_messages(std::uint64_t count);
  /// Frontend messages passed on since the proxy began.
  std::uint64_t frontend_messages() const;
  /// Connections accepted since the proxy began.
  std::uint64_t connections() const;

  class Service;

 private:
  std::unique_ptr<Service> service_;
  config::ConnectionSettings server_;
};

}  // namespace pgmirror::tests
