#include "capture/sqlite/page_delta.hpp"

#include <gtest/gtest.h>

#include <random>
#include <stdexcept>

namespace pgmirror::capture::sqlite {
namespace {

TEST(PageDelta, GivesBackEveryPage) {
  std::mt19937 random(1);
  std::vector<std::byte> delta;
  for (const std::size_t size : {512U, 4096U, 65536U}) {
    for (int round = 0; round < 300; ++round) {
      std::vector<std::byte> before(size);
      for (auto& byte : before) byte = std::byte(random() % 256);
      auto after = before;
      for (std::size_t edits = random() % 12; edits > 0; --edits) after[random() % size] = std::byte(random() % 256);
      ASSERT_TRUE(encode_page_delta(before, after, delta));
      apply_page_delta(delta, before);
      ASSERT_EQ(before, after);
    }
  }
}

TEST(PageDelta, OfOneRowIsSmall) {
  std::vector<std::byte> before(4096);
  auto after = before;
  after[5] = std::byte{1};
  after[4000] = std::byte{1};
  std::vector<std::byte> delta;
  ASSERT_TRUE(encode_page_delta(before, after, delta));
  EXPECT_LE(delta.size(), 24U);
}

TEST(PageDelta, RefusesPagesThatDifferTooMuch) {
  const std::vector<std::byte> before(4096);
  const std::vector<std::byte> after(4096, std::byte{7});
  std::vector<std::byte> delta;
  EXPECT_FALSE(encode_page_delta(before, after, delta));
}

TEST(PageDelta, RejectsRangesBehindThePage) {
  std::vector<std::byte> page(8);
  const std::vector<std::byte> delta{std::byte{8}, std::byte{0}, std::byte{1}, std::byte{0}, std::byte{1}};
  EXPECT_THROW(apply_page_delta(delta, page), std::runtime_error);
}

}  // namespace
}  // namespace pgmirror::capture::sqlite
