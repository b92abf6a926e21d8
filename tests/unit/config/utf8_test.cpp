#include "config/utf8.hpp"

#include <gtest/gtest.h>

namespace pgmirror::config {
namespace {

constexpr auto fine = std::string_view::npos;

TEST(Utf8, AcceptsCharactersOfEveryLength) { EXPECT_EQ(first_invalid_utf8("aé☃𝄞"), fine); }
TEST(Utf8, FindsALatin1Letter) { EXPECT_EQ(first_invalid_utf8("caf\xe9 x"), 3U); }
TEST(Utf8, FindsACutOffCharacter) { EXPECT_EQ(first_invalid_utf8("a\xe2\x98"), 1U); }
TEST(Utf8, RefusesOverlongForms) { EXPECT_EQ(first_invalid_utf8("\xc0\xaf"), 0U); }
TEST(Utf8, RefusesSurrogates) { EXPECT_EQ(first_invalid_utf8("\xed\xa0\x80"), 0U); }
TEST(Utf8, RefusesWhatIsBeyondTheLastCodePoint) { EXPECT_EQ(first_invalid_utf8("\xf4\x90\x80\x80"), 0U); }

}  // namespace
}  // namespace pgmirror::config
