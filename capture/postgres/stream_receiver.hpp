#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <stop_token>
#include <thread>

#include "capture/postgres/read_in_lumps.hpp"
#include "capture/postgres/replication_session.hpp"
#include "capture/postgres/stream_chunks.hpp"
#include "capture/postgres/wake_signal.hpp"

namespace pgmirror::capture::postgres {

/// The thread that owns a streaming connection: receives ahead, within bounds, and answers the server whatever the
/// taking side waits for, so that the server never takes a slow disk or a full queue for a lost client.
class StreamReceiver {
 public:
  struct Limits {
    std::chrono::milliseconds server_timeout;  ///< the server ends a connection that is silent for so long; zero: never
    std::chrono::milliseconds patience;        ///< with a taking side that takes nothing
  };
  /// `session` is streaming. `durable` is acknowledged at once. `lost` is called, by the receiving thread, when the
  /// stream is over.
  StreamReceiver(ReplicationSession session, change::Position durable, const Limits& limits,
                 std::function<void()> lost);
  /// Acknowledges what is durable and says goodbye.
  ~StreamReceiver();
  StreamReceiver(const StreamReceiver&) = delete;
  StreamReceiver& operator=(const StreamReceiver&) = delete;

  /// What has arrived, in order; nothing when there was none within `timeout`. Throws DatabaseError when the stream is
  /// over and everything before was taken.
  std::optional<StreamChunk> take(const std::stop_token& stop, std::chrono::milliseconds timeout) {
    return chunks_.take(stop, timeout);
  }
  bool waiting() const { return chunks_.waiting(); }

  /// The server need not keep what ends up to here.
  void acknowledge(change::Position durable);
  /// Asks the server for a keepalive, which says how far the stream has come. Cheap; one is on its way at a time.
  void ask_for_keepalive();

 private:
  using Clock = std::chrono::steady_clock;
  void receive_all(const std::stop_token& stop);
  short awaited_events() const;
  std::chrono::milliseconds longest_wait() const;
  void receive_some(short events);
  void report_where_due();
  void notice_silence() const;
  void notice_full_queue();

  ReplicationSession session_;
  const Limits limits_;
  const std::chrono::milliseconds report_interval_;
  const std::function<void()> lost_;
  WakeSignal wake_;
  StreamChunks chunks_;
  std::atomic<std::uint64_t> durable_;
  std::atomic<bool> keepalive_wanted_ = false;

  // Of the receiving thread.
  ReadInLumps lumps_{session_.socket()};
  Clock::time_point last_report_{};
  Clock::time_point last_heard_ = Clock::now();
  std::uint64_t reported_ = 0;
  bool reply_owed_ = true;
  bool asked_ = false;
  bool unsent_ = false;
  bool reading_ = true;
  Clock::time_point last_room_ = Clock::now();

  std::jthread thread_;
};

}  // namespace pgmirror::capture::postgres
