#include "capture/postgres/read_in_lumps.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pgmirror::capture::postgres {
namespace {

class Socket {
 public:
  explicit Socket(int domain) : descriptor_(::socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~Socket() { ::close(descriptor_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int descriptor() const { return descriptor_; }
  int wakes_at() const {
    int bytes = 0;
    socklen_t size = sizeof bytes;
    EXPECT_EQ(::getsockopt(descriptor_, SOL_SOCKET, SO_RCVLOWAT, &bytes, &size), 0);
    return bytes;
  }

 private:
  int descriptor_;
};

TEST(ReadInLumps, WakesAtTheFirstByteOfWhatFollowsAPause) {
  const Socket socket(AF_INET);
  ReadInLumps lumps(socket.descriptor());
  EXPECT_FALSE(lumps.flowing());
  EXPECT_EQ(socket.wakes_at(), 1);
  lumps.read(100);
  EXPECT_TRUE(lumps.flowing());
  EXPECT_GT(socket.wakes_at(), 1000);
  for (int i = 0; i < 2; ++i) lumps.read(0);
  EXPECT_TRUE(lumps.flowing());
  lumps.read(0);
  EXPECT_FALSE(lumps.flowing());
  EXPECT_EQ(socket.wakes_at(), 1);
}

TEST(ReadInLumps, NapsOnlyWhereTheSocketWouldWakeForEachMessage) {
  const Socket network(AF_INET);
  ReadInLumps over_network(network.descriptor());
  over_network.read(100);
  EXPECT_FALSE(over_network.naps());

  const Socket local(AF_UNIX);
  ReadInLumps over_local(local.descriptor());
  EXPECT_FALSE(over_local.naps());
  over_local.read(100);
  EXPECT_TRUE(over_local.naps());
  for (int i = 0; i < 3; ++i) over_local.read(0);
  EXPECT_FALSE(over_local.naps()) << "nothing has come for a while";
}

/// Its sender is held up where more than it holds has come.
TEST(ReadInLumps, DoesNotNapBesideMuch) {
  const Socket local(AF_UNIX);
  ReadInLumps lumps(local.descriptor());
  lumps.read(100'000);
  EXPECT_TRUE(lumps.flowing());
  EXPECT_FALSE(lumps.naps());
}

}  // namespace
}  // namespace pgmirror::capture::postgres
