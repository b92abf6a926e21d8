#include "sinks/postgres/hex_text.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace pgmirror::sinks::postgres {
namespace {

TEST(HexText, GivesEveryByteBack) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(hex_text("\x01\xff~"), "01ff7e");
  EXPECT_EQ(bytes_of_hex(hex_text(all)), all);
  EXPECT_EQ(bytes_of_hex(""), "");
}

TEST(HexText, RefusesWhatIsNone) {
  EXPECT_THROW(bytes_of_hex("0"), std::invalid_argument);
  EXPECT_THROW(bytes_of_hex("0g"), std::invalid_argument);
  EXPECT_THROW(bytes_of_hex("-1"), std::invalid_argument);
}

}  // namespace
}  // namespace pgmirror::sinks::postgres
