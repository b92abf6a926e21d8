#include "capture/postgres/replication_frame.hpp"

#include "capture/postgres/frame_reader.hpp"

namespace pgmirror::capture::postgres {
namespace {

void append(std::string& bytes, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8)
    bytes += static_cast<char>((number >> static_cast<unsigned>(shift)) & 0xFFU);
}

}  // namespace

ReplicationFrame parse_replication_frame(std::string_view bytes) {
  FrameReader reader(bytes);
  switch (reader.character("a frame kind")) {
    case 'w':
      // Start of the data, end of the server's log, time of sending.
      reader.position("the position of the data");
      reader.position("the end of the log");
      reader.time("a time");
      return PluginFrame{reader.bytes(reader.left(), "a message")};
    case 'k': {
      KeepaliveFrame keepalive{.sent = reader.position("the end of what was sent"), .time = reader.time("a time")};
      keepalive.reply_requested = reader.number<std::uint8_t>("a flag") != 0;
      reader.end();
      return keepalive;
    }
    default:
      reader.fail("a known frame kind before this");
  }
}

bool requests_reply(std::string_view bytes) {
  constexpr std::size_t flag = 17;
  return bytes.size() > flag && bytes.front() == 'k' && bytes[flag] != 0;
}

std::string status_update(change::Position durable, change::CommitTime now, bool request_reply) {
  std::string bytes = "r";
  // Written, flushed and applied are one to us.
  for (int i = 0; i < 3; ++i) append(bytes, durable.value);
  append(bytes, static_cast<std::uint64_t>(now.time_since_epoch().count() - postgres_epoch));
  bytes += static_cast<char>(request_reply ? 1 : 0);
  return bytes;
}

}  // namespace pgmirror::capture::postgres
