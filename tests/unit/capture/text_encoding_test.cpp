#include "capture/sqlite/text_encoding.hpp"

#include <gtest/gtest.h>

#include <string>

namespace pgmirror::capture::sqlite {
namespace {

std::string converted(std::string_view utf16, TextEncoding encoding) {
  std::string out(utf8_capacity(utf16.size()), '\0');
  return std::string(to_utf8(std::as_bytes(std::span(utf16)), encoding, out.data()));
}

TEST(Utf16Text, BecomesUtf8InBothByteOrders) {
  using namespace std::string_view_literals;
  EXPECT_EQ(converted("a\0\xE9\0\x03\x26\x34\xD8\x1E\xDD"sv, TextEncoding::utf16le), "aé☃𝄞");
  EXPECT_EQ(converted("\0a\0\xE9\x26\x03\xD8\x34\xDD\x1E"sv, TextEncoding::utf16be), "aé☃𝄞");
}

TEST(Utf16Text, KeepsNulCharacters) {
  using namespace std::string_view_literals;
  EXPECT_EQ(converted("x\0\0\0y\0"sv, TextEncoding::utf16le), "x\0y"sv);
}

TEST(Utf16Text, KeepsSurrogatesWithoutPartnerApart) {
  using namespace std::string_view_literals;
  EXPECT_EQ(converted("\x34\xD8"sv, TextEncoding::utf16le), "\xED\xA0\xB4");  // high at the end
  EXPECT_EQ(converted("\x34\xD8\x61\0"sv, TextEncoding::utf16le),
            "\xED\xA0\xB4"
            "a");  // high before a letter
  EXPECT_EQ(converted("\x1E\xDD\x61\0"sv, TextEncoding::utf16le),
            "\xED\xB4\x9E"
            "a");  // low alone
  EXPECT_EQ(converted("\x34\xD8\x34\xD8\x1E\xDD"sv, TextEncoding::utf16le), "\xED\xA0\xB4𝄞");
}

TEST(Utf16Text, DropsAnOddLastByte) {
  using namespace std::string_view_literals;
  EXPECT_EQ(converted("a\0b"sv, TextEncoding::utf16le), "a");
}

}  // namespace
}  // namespace pgmirror::capture::sqlite
