#include "queue/read_ahead.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace pgmirror::queue {
namespace {

class StringFile final : public File {
 public:
  StringFile(const std::string& content, int& calls) : content_(content), calls_(calls) {}
  std::size_t read(std::uint64_t offset, std::span<char> out) const override {
    ++calls_;
    return offset >= content_.size() ? 0 : content_.copy(out.data(), out.size(), offset);
  }
  void write(std::uint64_t /*offset*/, std::span<const char> /*bytes*/) override {}
  void truncate(std::uint64_t /*size*/) override {}
  std::uint64_t size() const override { return content_.size(); }
  void sync() override {}

 private:
  const std::string& content_;
  int& calls_;
};

struct Read {
  explicit Read(std::size_t bytes) : content(bytes, ' ') {
    for (std::size_t i = 0; i < bytes; ++i) content[i] = static_cast<char>('a' + i * 7 % 26);
  }
  std::string at(std::uint64_t offset, std::size_t bytes) const {
    std::string out(bytes, '?');
    out.resize(file.read(offset, out));
    return out;
  }
  std::string content;
  int calls = 0;
  ReadAhead file{std::make_unique<StringFile>(content, calls)};
};

constexpr std::size_t megabyte = std::size_t{1} << 20U;

TEST(ReadAhead, GivesWhatTheFileHasInPiecesOfAnySize) {
  const Read read(3 * megabyte + 17);
  std::uint64_t offset = 0;
  for (std::size_t bytes = 1; offset < read.content.size(); bytes = bytes * 5 % 300'007 + 1) {
    ASSERT_EQ(read.at(offset, bytes), read.content.substr(offset, bytes)) << offset;
    offset += bytes;
  }
  EXPECT_EQ(read.at(2 * megabyte, 2 * megabyte), read.content.substr(2 * megabyte)) << "more than it keeps";
  EXPECT_EQ(read.at(5, 10), read.content.substr(5, 10)) << "back again";
}

TEST(ReadAhead, EndsWhereTheFileEnds) {
  const Read read(100);
  EXPECT_EQ(read.at(90, 20), read.content.substr(90));
  EXPECT_EQ(read.at(100, 1), "");
  EXPECT_EQ(read.at(4 * megabyte, 8), "");
  EXPECT_EQ(read.file.size(), 100U);
}

TEST(ReadAhead, AsksOnceForAMegabyte) {
  const Read read(2 * megabyte);
  for (std::uint64_t offset = 0; offset + 64 <= read.content.size(); offset += 64) read.at(offset, 64);
  EXPECT_EQ(read.calls, 2);
}

}  // namespace
}  // namespace pgmirror::queue
