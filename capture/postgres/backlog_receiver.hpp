#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "capture/postgres/read_in_lumps.hpp"
#include "capture/postgres/stream_chunks.hpp"
#include "capture/postgres/wake_signal.hpp"
#include "libpq/connection.hpp"

namespace pgmirror::capture::postgres {

/// The thread that receives the rows of one COPY TO STDOUT ahead of the taking side, within bounds, and owns the
/// connection meanwhile.
///
/// A server process that copies out holds back VACUUM, so a taking side that takes nothing loses it.
class BacklogReceiver {
 public:
  /// `patience`: with a taking side that takes nothing.
  BacklogReceiver(libpq::Connection connection, std::string copy, std::chrono::milliseconds patience);
  /// Never waits for the server.
  ~BacklogReceiver();
  BacklogReceiver(const BacklogReceiver&) = delete;
  BacklogReceiver& operator=(const BacklogReceiver&) = delete;

  /// CopyData messages that have arrived, in order; nothing when there was none within `timeout`. Throws DatabaseError
  /// when the copy failed and everything before was taken.
  std::optional<StreamChunk> take(const std::stop_token& stop, std::chrono::milliseconds timeout) {
    return chunks_.take(stop, timeout);
  }
  bool waiting() const { return chunks_.waiting(); }
  /// The copy came to its end and everything was taken.
  bool finished() const { return chunks_.finished(); }
  /// Once finished().
  libpq::Connection give_back();

 private:
  using Clock = std::chrono::steady_clock;
  void receive_all(const std::stop_token& stop);
  void wait();
  /// True at the end of the copy.
  bool receive_some();
  [[noreturn]] void fail() const;

  libpq::Connection connection_;
  const std::string copy_;
  const std::chrono::milliseconds patience_;
  WakeSignal wake_;
  StreamChunks chunks_;

  // Of the receiving thread.
  ReadInLumps lumps_{PQsocket(connection_.native())};
  bool copying_ = false;
  Clock::time_point last_heard_ = Clock::now();
  Clock::time_point last_room_ = Clock::now();

  std::jthread thread_;
};

}  // namespace pgmirror::capture::postgres
