#include "capture/postgres/replication_frame.hpp"

#include <gtest/gtest.h>

#include "capture/postgres/frame_reader.hpp"
#include "capture/postgres/log_position.hpp"
#include "tests/unit/capture_postgres/stream_bytes.hpp"

namespace pgmirror::tests {
namespace {

using namespace capture::postgres;

TEST(ReplicationFrame, DataAndKeepalivesAreToldApart) {
  const std::string data = plugin_frame("abc");
  EXPECT_EQ(std::get<PluginFrame>(parse_replication_frame(data)).message, "abc");
  const std::string keepalive = keepalive_frame(0x1234, true);
  const auto parsed = std::get<KeepaliveFrame>(parse_replication_frame(keepalive));
  EXPECT_EQ(parsed.sent.value, 0x1234U);
  EXPECT_TRUE(parsed.reply_requested);
  EXPECT_TRUE(requests_reply(keepalive));
  EXPECT_FALSE(requests_reply(keepalive_frame(0x1234)));
  EXPECT_FALSE(requests_reply(data));
}

TEST(ReplicationFrame, S20_CutAndUnknownFramesAreRefused) {
  const std::string keepalive = keepalive_frame(1);
  for (std::size_t size = 0; size < keepalive.size(); ++size) {
    const std::string cut = keepalive.substr(0, size);
    EXPECT_THROW(parse_replication_frame(cut), MalformedMessage);
    EXPECT_FALSE(requests_reply(cut));
  }
  EXPECT_THROW(parse_replication_frame(keepalive + "x"), MalformedMessage);
  EXPECT_THROW(parse_replication_frame(plugin_frame("").substr(0, 24)), MalformedMessage);
  EXPECT_THROW(parse_replication_frame("x123"), MalformedMessage);
}

TEST(ReplicationFrame, StatusUpdateHasTheManualsForm) {
  const change::CommitTime midnight{std::chrono::microseconds{946684800000002}};
  const std::string wanted = StreamBytes().byte('r').int64(5).int64(5).int64(5).int64(2).byte(1).bytes();
  EXPECT_EQ(status_update({5}, midnight, true), wanted);
}

TEST(LogPosition, IsReadAsTheServerPrintsIt) {
  EXPECT_EQ(parse_log_position("16/B374D848").value, 0x16B374D848U);
  EXPECT_EQ(parse_log_position("0/0").value, 0U);
  for (const char* const wrong : {"", "16", "/", "1/", "/1", "1/G", "1/2/3", "123456789/0", "-1/0"})
    EXPECT_THROW(parse_log_position(wrong), std::runtime_error) << wrong;
}

}  // namespace
}  // namespace pgmirror::tests
