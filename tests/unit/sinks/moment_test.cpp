#include "sinks/postgres/moment.hpp"

#include <gtest/gtest.h>

namespace pgmirror::sinks::postgres {
namespace {

using change::Value;
using Moment = TargetType::Moment;

TEST(Iso8601, CountsFromTheYear2000) {
  EXPECT_EQ(read_iso8601("2000-01-01"), 0);
  EXPECT_EQ(read_iso8601("2000-01-01 00:00:00.000001"), 1);
  EXPECT_EQ(read_iso8601("2000-01-01T00:00:01"), 1'000'000);
  EXPECT_EQ(read_iso8601("1999-12-31 23:59:59"), -1'000'000);
  EXPECT_EQ(read_iso8601("2000-01-01 01:00+01"), 0);
  EXPECT_EQ(read_iso8601("2000-01-01 00:30:00 -0030"), 3'600'000'000);
  EXPECT_EQ(read_iso8601("2000-01-01 00:00:00.1000000"), 100'000);
}

TEST(Iso8601, RefusesEverythingElse) {
  for (const char* wrong :
       {"2000", "2000-13-01", "2000-00-10", "2000-01-32", "2001-02-29", "2000-01-01 ", "2000-01-01 1:00",
        "2000-01-01 00:60", "2000-01-01 00:00:60", "2000-01-01 00:00:00.", "2000-01-01 00:00:00.0000001",
        "2000-01-01 00:00+1", "2000-01-01 00:00+16", "2000-01-01x00:00", "2000-01-01 00:00Zz", "2000/01/01"}) {
    EXPECT_FALSE(read_iso8601(wrong).has_value()) << wrong;
  }
}

TEST(Moments, AreTakenInTheStatedEncodingOnly) {
  EXPECT_EQ(read_moment(Value::integer(946684800), Moment::unix_seconds), 0);
  EXPECT_EQ(read_moment(Value::real(946684800.5), Moment::unix_seconds), 500'000);
  EXPECT_EQ(read_moment(Value::real(946684799.5), Moment::unix_seconds), -500'000);
  EXPECT_EQ(read_moment(Value::integer(946684800001), Moment::unix_milliseconds), 1000);
  EXPECT_EQ(read_moment(Value::real(2451544.75), Moment::julian), 21'600'000'000);
  EXPECT_FALSE(read_moment(Value::text("2000-01-01"), Moment::unix_seconds).has_value());
  EXPECT_FALSE(read_moment(Value::integer(5), Moment::iso8601).has_value());
  EXPECT_FALSE(read_moment(Value::integer(INT64_MAX), Moment::unix_seconds).has_value());
  EXPECT_FALSE(read_moment(Value::integer(INT64_MIN), Moment::unix_milliseconds).has_value());
  EXPECT_FALSE(read_moment(Value::real(1e300), Moment::julian).has_value());
}

}  // namespace
}  // namespace pgmirror::sinks::postgres
