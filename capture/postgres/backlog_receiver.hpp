#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "capture/postgres/connection_breaker.hpp"
#include "capture/postgres/read_in_lumps.hpp"
#include "capture/postgres/stream_chunks.hpp"
#include "capture/postgres/wake_signal.hpp"
#include "libpq/connection.hpp"

namespace pgmirror::capture::postgres {

/// The thread that receives the rows of one COPY TO STDOUT after the other ahead of the taking side, within bounds, and
/// owns the connection.
///
/// A server process that copies out holds back VACUUM, so a taking side that takes nothing loses it.
class BacklogReceiver {
 public:
  /// The next COPY, after the last one gave so many rows; nothing: it was the last. In the receiving thread.
  using NextCopy = std::function<std::optional<std::string>(libpq::Connection& connection, std::uint64_t rows)>;

  /// `patience`: with a taking side that takes nothing.
  BacklogReceiver(libpq::Connection connection, NextCopy next_copy, std::chrono::milliseconds patience);
  /// Never waits for the server.
  ~BacklogReceiver();
  BacklogReceiver(const BacklogReceiver&) = delete;
  BacklogReceiver& operator=(const BacklogReceiver&) = delete;

  /// CopyData messages that have arrived, in order; nothing when there was none within `timeout`. Throws DatabaseError
  /// when a copy failed and everything before was taken.
  std::optional<StreamChunk> take(const std::stop_token& stop, std::chrono::milliseconds timeout) {
    return chunks_.take(stop, timeout);
  }
  /// The last copy came to its end and everything was taken.
  bool finished() const { return chunks_.finished(); }

 private:
  using Clock = std::chrono::steady_clock;
  void receive_all(const std::stop_token& stop);
  /// False when there is none.
  bool ask_for_next(const std::stop_token& stop);
  void receive_copy(const std::stop_token& stop);
  void wait();
  /// True at the end of the copy.
  bool receive_some();
  [[noreturn]] void fail() const;

  libpq::Connection connection_;
  const NextCopy next_copy_;
  const std::chrono::milliseconds patience_;
  WakeSignal wake_;
  ConnectionBreaker breaker_;
  StreamChunks chunks_;

  // Of the receiving thread.
  ReadInLumps lumps_{PQsocket(connection_.native())};
  bool copying_ = false;
  std::uint64_t rows_ = 0;
  Clock::time_point last_heard_ = Clock::now();
  Clock::time_point last_room_ = Clock::now();

  std::jthread thread_;
};

}  // namespace pgmirror::capture::postgres
