#include "config/duration.hpp"

#include <gtest/gtest.h>

#include "config/invalid_value.hpp"

namespace pgmirror::config {
namespace {

using namespace std::chrono_literals;

std::string refusal(std::string_view text) {
  try {
    parse_duration(text);
  } catch (const InvalidValue& why) {
    return why.what();
  }
  return {};
}

TEST(Duration, OneUnitOrMore) {
  EXPECT_EQ(parse_duration("24h"), 24h);
  EXPECT_EQ(parse_duration("1h30m"), 90min);
  EXPECT_EQ(parse_duration("7d"), 168h);
  EXPECT_EQ(parse_duration("5s"), 5s);
  EXPECT_EQ(parse_duration("0"), 0s);
  EXPECT_EQ(parse_duration("0s"), 0s);
}

TEST(Duration, ANumberAloneIsNone) {
  EXPECT_EQ(refusal("24"), "\"24\" is not a duration; write numbers with d, h, m or s, for example 24h");
}

TEST(Duration, WhatIsNoDurationIsRefused) {
  for (const auto* text : {"", "h", "1w", "-1h", "1h30", "1.5h", "1h ", " 1h"}) EXPECT_NE(refusal(text), "") << text;
}

TEST(Duration, MoreThanFitsIsRefused) {
  for (const auto* text : {"101000d", "36600d1s", "99999999999999999999s", "18446744073709551615d"}) {
    EXPECT_EQ(refusal(text), "\"" + std::string(text) + "\" is longer than 100 years");
  }
  EXPECT_EQ(parse_duration("36600d"), 36600 * 24h);
}

TEST(Duration, TextTakesTheLargestUnitWithoutRest) {
  EXPECT_EQ(duration_text(48h), "2 d");
  EXPECT_EQ(duration_text(36h), "36 h");
  EXPECT_EQ(duration_text(90min), "90 min");
  EXPECT_EQ(duration_text(61s), "61 s");
}

}  // namespace
}  // namespace pgmirror::config
