#include "sinks/postgres/number_text.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace pgmirror::sinks::postgres {
namespace {

TEST(NumberText, OfARealNeverLooksLikeAnInteger) {
  EXPECT_EQ(real_text(1), "1.0");
  EXPECT_EQ(real_text(-0.0), "-0.0");
  EXPECT_EQ(real_text(0.1), "0.1");
  EXPECT_EQ(real_text(1e14), "100000000000000.0");
  EXPECT_EQ(real_text(1e15), "1e+15");
  EXPECT_EQ(real_text(0.0001), "0.0001");
  EXPECT_EQ(real_text(0.00001), "1e-05");
  EXPECT_EQ(real_text(5e-324), "5e-324");
  EXPECT_EQ(real_text(std::numeric_limits<double>::infinity()), "Infinity");
}

TEST(NumberText, IsOnlyWhatWeWouldWrite) {
  for (const char* number : {"0", "-1", "9223372036854775807", "-9223372036854775808", "0.1", "1.0", "1e+22",
                             "-Infinity", "-0.0", "5e-324", "-1.7976931348623157e+308"}) {
    EXPECT_TRUE(is_number_text(number)) << number;
  }
  for (const char* text : {"", "-", "+1", "01", "-0", "9223372036854775808", "1.", "1.00", "1e22", "0x10", " 1", "1 ",
                           "Inf", "infinity", "I", "NaN", "1e400", "0.1000000000000000055", "12e"}) {
    EXPECT_FALSE(is_number_text(text)) << text;
  }
}

}  // namespace
}  // namespace pgmirror::sinks::postgres
