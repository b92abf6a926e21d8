#pragma once

#include <poll.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/frontend_messages.hpp"

namespace pgmirror::tests {

/// What all connections of one TcpProxy share; touched by the proxy's thread only.
struct NetworkWeather {
  enum class Mode : std::uint8_t { serve, refuse, black_hole };
  enum class Fault : std::uint8_t { none, cut, lose_answer };
  Mode mode = Mode::serve;
  std::chrono::milliseconds delay{0};
  std::uint64_t bytes_per_second = 0;  ///< of a connection in one direction; 0: as many as there are
  Fault fault = Fault::none;           ///< waits for the message number `fault_at`, on whichever connection that passes
  std::uint64_t fault_at = 0;
  std::uint64_t messages = 0;
};

/// One direction of a proxied connection: bytes that were read and wait for their time to be written.
class DelayLine {
 public:
  using Time = std::chrono::steady_clock::time_point;
  DelayLine(int from, int to) : from_(from), to_(to) {}

  bool wants_to_read() const;
  /// When the next bytes may be written; empty when none wait.
  std::optional<Time> next_due() const;
  /// Reads once; the bytes, or nothing when there are none now. At the end of the stream ended() turns true.
  std::string receive();
  /// `due` at the earliest, and behind all others at the rate of the line.
  void push(std::string bytes, Time due, std::uint64_t bytes_per_second);
  /// Writes what is due as far as the socket takes it. False when the other side is gone.
  bool send(Time now);
  /// Nothing more is to be read.
  void end() { ended_ = true; }
  bool ended() const { return ended_; }
  bool drained() const { return ended_ && waiting_.empty(); }

 private:
  struct Chunk {
    Time due;
    std::string bytes;
  };
  int from_;
  int to_;
  std::deque<Chunk> waiting_;
  Time busy_until_{};
  std::size_t held_ = 0;
  bool ended_ = false;
};

/// A client's connection and ours to the server behind it. Owns both sockets; belongs to the proxy's thread.
class ProxiedConnection {
 public:
  using Time = DelayLine::Time;
  ProxiedConnection(int client, int server);
  ~ProxiedConnection();
  ProxiedConnection(const ProxiedConnection&) = delete;
  ProxiedConnection& operator=(const ProxiedConnection&) = delete;

  /// Adds what this connection waits for; returns when it must be looked at without any event, if ever.
  std::optional<Time> wait_for(std::vector<pollfd>& events, const NetworkWeather& weather) const;
  /// Moves what can be moved. False when the connection is over.
  bool move(NetworkWeather& weather, Time now);
  /// Of a thousand packets that either side sends to the proxy; see packet_loss.hpp.
  void lose_packets(unsigned per_thousand);

 private:
  void take_from_client(NetworkWeather& weather, Time now);
  void take_from_server(const NetworkWeather& weather, Time now);

  int client_;
  int server_;
  DelayLine up_;
  DelayLine down_;
  FrontendMessages messages_;
  NetworkWeather::Fault fault_ = NetworkWeather::Fault::none;
  std::optional<Time> lost_at_{};  ///< when to close a connection whose answer is being lost
};

}  // namespace pgmirror::tests
