#include "libpq/utf8.hpp"

#include <gtest/gtest.h>

#include <string>

namespace pgmirror::libpq {
namespace {

TEST(StorableText, IsWellFormedAndWithoutNul) {
  for (const char* good :
       {"", "a", "exactly8", "longer than eight bytes", "é☃𝄞", "\xEF\xBF\xBF", "\xF4\x8F\xBF\xBF", "\x7F"}) {
    EXPECT_TRUE(is_storable_text(good)) << good;
  }
  for (const char* bad : {"\x80", "\xC3", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
                          "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xE2\x98", "\xF0\x9D\x84"}) {
    EXPECT_FALSE(is_storable_text(bad));
  }
}

TEST(StorableText, IsCheckedAtEveryPlaceOfAWord) {
  for (std::size_t place = 0; place < 24; ++place) {
    std::string text(24, 'x');
    EXPECT_TRUE(is_storable_text(text));
    text[place] = '\0';
    EXPECT_FALSE(is_storable_text(text)) << place;
    text[place] = '\x80';
    EXPECT_FALSE(is_storable_text(text)) << place;
    text[place] = '\x01';
    EXPECT_TRUE(is_storable_text(text)) << place;
    text.replace(place, 1, "é");
    EXPECT_TRUE(is_storable_text(text)) << place;
  }
}

TEST(StorableText, IsCountedAndCutByCharacters) {
  EXPECT_EQ(character_count("aé☃𝄞"), 4U);
  EXPECT_EQ(prefix_of_whole_characters("aé☃", 2), "a");
  EXPECT_EQ(prefix_of_whole_characters("aé☃", 3), "aé");
  EXPECT_EQ(prefix_of_whole_characters("aé☃", 100), "aé☃");
}

}  // namespace
}  // namespace pgmirror::libpq
