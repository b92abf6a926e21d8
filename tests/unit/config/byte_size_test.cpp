#include "config/byte_size.hpp"

#include <gtest/gtest.h>

#include "config/invalid_value.hpp"

namespace pgmirror::config {
namespace {

std::string refusal(std::string_view text) {
  try {
    parse_byte_size(text);
  } catch (const InvalidValue& why) {
    return why.what();
  }
  return {};
}

TEST(ByteSize, DecimalAndBinaryUnits) {
  EXPECT_EQ(parse_byte_size("10GiB"), std::uint64_t{10} << 30U);
  EXPECT_EQ(parse_byte_size("10 gb"), 10'000'000'000U);
  EXPECT_EQ(parse_byte_size("1kB"), 1000U);
  EXPECT_EQ(parse_byte_size("1KiB"), 1024U);
  EXPECT_EQ(parse_byte_size("3MB"), 3'000'000U);
  EXPECT_EQ(parse_byte_size("3MIB"), 3U << 20U);
  EXPECT_EQ(parse_byte_size("2TB"), 2'000'000'000'000U);
  EXPECT_EQ(parse_byte_size("2TiB"), std::uint64_t{2} << 40U);
  EXPECT_EQ(parse_byte_size("7B"), 7U);
}

TEST(ByteSize, ANumberAloneIsNone) {
  EXPECT_EQ(refusal("10"), "\"10\" is not a size; write a whole number and a unit, for example 10GiB");
}

TEST(ByteSize, WhatIsNoSizeIsRefused) {
  for (const auto* text : {"", "GiB", "10G", "1.5GiB", "-1GiB", "+1GiB", "10GiB!", "10  GiB", " 10GiB"})
    EXPECT_NE(refusal(text), "") << text;
}

TEST(ByteSize, MoreThanFitsIsRefused) {
  EXPECT_EQ(refusal("99999999999TiB"), "\"99999999999TiB\" is more than any disk holds");
  EXPECT_EQ(refusal("99999999999999999999B"), "\"99999999999999999999B\" is more than any disk holds");
}

TEST(ByteSize, TextHasFourDigitsAtMost) {
  EXPECT_EQ(byte_size_text(std::uint64_t{10} << 30U), "10 GiB");
  EXPECT_EQ(byte_size_text(std::uint64_t{1536} << 20U), "1.5 GiB");
  EXPECT_EQ(byte_size_text(std::uint64_t{5} << 20U), "5 MiB");
}

}  // namespace
}  // namespace pgmirror::config
