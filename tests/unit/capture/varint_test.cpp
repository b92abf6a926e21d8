#include "capture/sqlite/varint.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "capture/sqlite/damaged_page.hpp"

namespace pgmirror::capture::sqlite {
namespace {

std::vector<std::byte> bytes(std::initializer_list<unsigned> values) {
  std::vector<std::byte> result;
  for (const unsigned value : values) result.push_back(static_cast<std::byte>(value));
  return result;
}

std::uint64_t read(const std::vector<std::byte>& input, std::size_t expected_size) {
  const std::byte* at = input.data();
  const std::uint64_t value = take_varint(at, input.data() + input.size());
  EXPECT_EQ(static_cast<std::size_t>(at - input.data()), expected_size);
  return value;
}

TEST(Varint, HasOneToNineBytes) {
  EXPECT_EQ(read(bytes({0x7F, 0x01}), 1), 127U);
  EXPECT_EQ(read(bytes({0x81, 0x00}), 2), 128U);
  EXPECT_EQ(read(bytes({0xFF, 0x7F}), 2), 16383U);
  EXPECT_EQ(read(bytes({0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F}), 8), (1ULL << 56U) - 1);
  EXPECT_EQ(read(bytes({0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}), 9), ~0ULL);
  EXPECT_EQ(read(bytes({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80}), 9), 0x80U);
}

TEST(Varint, IsNotReadPastTheEnd) {
  for (std::size_t size = 0; size < 9; ++size) {
    const std::vector<std::byte> input(size, std::byte{0xFF});
    const std::byte* at = input.data();
    EXPECT_THROW(take_varint(at, input.data() + size), DamagedPage) << size;
  }
}

}  // namespace
}  // namespace pgmirror::capture::sqlite
