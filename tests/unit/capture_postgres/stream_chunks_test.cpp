#include "capture/postgres/stream_chunks.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "capture/postgres/awaited_tables.hpp"
#include "tests/support/temporary_directory.hpp"

namespace pgmirror::tests {
namespace {

using namespace capture::postgres;
using namespace std::chrono_literals;

void add(StreamChunk& chunk, const std::string& bytes) {
  // As libpq gives it: freed with PQfreemem, which is free().
  char* const copy = static_cast<char*>(std::malloc(bytes.size()));
  bytes.copy(copy, bytes.size());
  chunk.add(StreamChunk::LibpqBuffer(copy, &std::free), bytes.size());
}

StreamChunk chunk_of(const std::string& bytes) {
  StreamChunk chunk;
  add(chunk, bytes);
  return chunk;
}

TEST(StreamChunk, KeepsSmallAndLargeFramesInOrder) {
  StreamChunk chunk;
  const std::vector<std::string> frames{"a", std::string(200000, 'b'), "", "c", std::string(65536, 'd'), "e"};
  std::size_t bytes = 0;
  for (const std::string& frame : frames) {
    add(chunk, frame);
    bytes += frame.size();
  }
  std::vector<std::string> seen;
  chunk.each([&](std::string_view frame) { seen.emplace_back(frame); });
  EXPECT_EQ(seen, frames);
  EXPECT_EQ(chunk.bytes(), bytes);
}

TEST(StreamChunks, SayWhenThereIsRoomAgain) {
  int room_made = 0;
  StreamChunks chunks(10, [&] { ++room_made; });
  chunks.put(chunk_of("12345"));
  EXPECT_TRUE(chunks.has_room());
  chunks.put(chunk_of("1234567"));
  EXPECT_FALSE(chunks.has_room());
  EXPECT_EQ(chunks.take({}, 1ms)->bytes(), 5U);
  EXPECT_EQ(room_made, 1);
  EXPECT_TRUE(chunks.has_room());
  EXPECT_EQ(chunks.take({}, 1ms)->bytes(), 7U);
  EXPECT_EQ(room_made, 1);
  EXPECT_FALSE(chunks.take({}, 1ms));
}

TEST(StreamChunks, AreFinishedWhenAllWasTaken) {
  StreamChunks chunks(10, [] {});
  chunks.put(chunk_of("12345"));
  EXPECT_FALSE(chunks.finished());
  chunks.finish();
  EXPECT_FALSE(chunks.finished());
  EXPECT_TRUE(chunks.take({}, 1h));
  EXPECT_TRUE(chunks.finished());
  EXPECT_FALSE(chunks.take({}, 1h)) << "returns at once";
}

TEST(StreamChunks, GiveWhatArrivedBeforeTheEnd) {
  StreamChunks chunks(10, [] {});
  chunks.put(chunk_of("1"));
  chunks.end(std::make_exception_ptr(std::runtime_error("lost")));
  EXPECT_TRUE(chunks.take({}, 1ms));
  EXPECT_THROW(chunks.take({}, 1ms), std::runtime_error);
  EXPECT_THROW(chunks.take({}, 1ms), std::runtime_error);
}

TEST(StreamChunks, TakingEndsWhenItIsToStop) {
  StreamChunks chunks(10, [] {});
  std::stop_source stop;
  stop.request_stop();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(chunks.take(stop.get_token(), 10s));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

TEST(AwaitedTables, AreThereAfterACrash) {
  using Known = AwaitedTables::Known;
  const TemporaryDirectory directory;
  {
    AwaitedTables tables(directory / "awaited");
    tables.add({{16400, Known::no}, {16401, Known::yes}, {16402, Known::no}});
    tables.remove(16402);
  }
  EXPECT_EQ(AwaitedTables(directory / "awaited").all(),
            (std::map<ObjectId, Known>{{16400, Known::no}, {16401, Known::yes}}));
}

}  // namespace
}  // namespace pgmirror::tests
