#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
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

  using Lost = std::function<void(const std::exception_ptr& why)>;

  /// `patience`: with a taking side that takes nothing. `lost` is called, by the receiving thread, when a copy has
  /// failed.
  BacklogReceiver(libpq::Connection connection, NextCopy next_copy, std::chrono::milliseconds patience,
                  const Lost& lost);
  /// Never waits for the server.
  ~BacklogReceiver();
  BacklogReceiver(const BacklogReceiver&) = delete;
  BacklogReceiver& operator=(const BacklogReceiver&) = delete;

  /// CopyData messages that have arrived, in order; nothing when there was none within `timeout`. Throws DatabaseError
  /// when a copy failed and everything before was taken.
  std::optional<StreamChunk> take(const std::stop_token& stop, std::chrono::milliseconds timeout) {
    return chunks_.take(stop, timeout);
  }
  /// Gives the connection back: take() throws `why` when everything before was taken. Never waits. Any thread.
  void give_up(const std::exception_ptr& why);
  /// Whether the taking side would take what comes: a reader whose turn it is not keeps its connection. Any thread.
  void have_turn(bool its_turn) { its_turn_ = its_turn; }
  /// The last copy came to its end and everything was taken.
  bool finished() const { return chunks_.finished(); }

 private:
  using Clock = std::chrono::steady_clock;
  void stop();
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
  const Lost lost_;
  WakeSignal wake_;
  ConnectionBreaker breaker_;
  StreamChunks chunks_;
  std::atomic<bool> its_turn_ = true;

  // Of the receiving thread.
  ReadInLumps lumps_{PQsocket(connection_.native())};
  bool copying_ = false;
  std::uint64_t rows_ = 0;
  Clock::time_point last_heard_ = Clock::now();
  Clock::time_point last_room_ = Clock::now();

  std::jthread thread_;
};

}  // namespace pgmirror::capture::postgres
