#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "change/transaction.hpp"

namespace pgmirror::capture::postgres {

/// One message of the output plugin (XLogData).
struct PluginFrame {
  std::string_view message;
};

/// The server has sent everything that ends up to `sent` (primary keepalive).
struct KeepaliveFrame {
  change::Position sent;
  change::CommitTime time;  ///< by the server's clock
  bool reply_requested = false;
};

using ReplicationFrame = std::variant<PluginFrame, KeepaliveFrame>;

/// Takes the content of one CopyData message of a replication stream apart (manual, "Streaming Replication Protocol").
/// The result views `bytes`. Throws MalformedMessage (pgoutput_decoder.hpp).
ReplicationFrame parse_replication_frame(std::string_view bytes);

/// Whether it is a keepalive that wants an answer now. For those who pass frames on unread.
bool requests_reply(std::string_view bytes);

/// A standby status update: everything up to `durable` will never be asked for again.
std::string status_update(change::Position durable, change::CommitTime now, bool request_reply);

}  // namespace pgmirror::capture::postgres
