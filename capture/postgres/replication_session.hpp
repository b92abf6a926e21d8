#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "capture/postgres/stream_chunk.hpp"
#include "change/position.hpp"
#include "config/config.hpp"
#include "libpq/connection.hpp"

namespace pgmirror::capture::postgres {

/// A logical replication slot that was just made.
struct CreatedSlot {
  change::Position consistent_point;  ///< commits that end later are streamed
  std::string snapshot;               ///< exported
};

/// A session that takes replication commands beside SQL, in one database of the source. One thread.
class ReplicationSession {
 public:
  /// Throws SourceRefused (source_session.hpp) or DatabaseError.
  explicit ReplicationSession(const config::ConnectionSettings& settings, std::string_view application_name);

  /// For SQL, before stream().
  libpq::Connection& sql() { return connection_; }

  enum class Life : std::uint8_t { permanent, session };
  /// The slot's snapshot can be imported until the next command here. Waits for every transaction that is open now;
  /// `waiting` is called every five seconds. Throws DatabaseError, also
  /// when `stop` is requested (57014).
  CreatedSlot create_slot(const std::string& name, Life life, const std::stop_token& stop,
                          const std::function<void()>& waiting);

  /// Begins to stream: from then on only the functions below. Throws DatabaseError.
  void stream(const std::string& slot, change::Position after, const std::vector<std::string>& publications);

  /// Takes all frames that have arrived. Never blocks. Throws DatabaseError when the stream is over.
  StreamChunk receive();
  /// The next receive() will throw, whether the socket has something to read or not.
  bool ended() const { return ended_; }
  /// Queues a status update and sends what the network takes. True when something is left to send.
  bool send_status(change::Position durable, bool request_reply);
  bool send_rest();
  int socket() const;
  /// Says goodbye, as far as that is possible without waiting.
  void end_stream();
  /// Gives the connection back; nothing else may be called then.
  void close() { const libpq::Connection closing = std::move(connection_); }

 private:
  libpq::Connection connection_;
  bool ended_ = false;
};

}  // namespace pgmirror::capture::postgres
