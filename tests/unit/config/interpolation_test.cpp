#include "config/interpolation.hpp"

#include <gtest/gtest.h>

#include "config/setting_value.hpp"

namespace pgmirror::config {
namespace {

const std::map<std::string, std::string> environment{
    {"HOST", "db"}, {"EMPTY", ""}, {"PW", "a$b${HOST}"}, {"LINES", "a\nb"}};

std::string expanded(std::string_view text) {
  std::set<std::string> used;
  return interpolate(text, environment, used);
}

std::string refusal(std::string_view text) {
  try {
    expanded(text);
  } catch (const InvalidValue& why) {
    return why.what();
  }
  return {};
}

TEST(Interpolation, PutsVariablesIntoTheText) { EXPECT_EQ(expanded("x-${HOST}-${HOST}"), "x-db-db"); }
TEST(Interpolation, LeavesTextWithoutDollarsAlone) { EXPECT_EQ(expanded("a{b}c"), "a{b}c"); }
TEST(Interpolation, TwoDollarsAreOne) { EXPECT_EQ(expanded("a$$b$${HOST}"), "a$b${HOST}"); }
TEST(Interpolation, DoesNotLookAtTheValueAgain) { EXPECT_EQ(expanded("${PW}"), "a$b${HOST}"); }
TEST(Interpolation, TakesTheDefaultForUnsetAndForEmpty) {
  EXPECT_EQ(expanded("${NOPE:-5432}"), "5432");
  EXPECT_EQ(expanded("${EMPTY:-a:b}"), "a:b");
  EXPECT_EQ(expanded("${NOPE:-}"), "");
  EXPECT_EQ(expanded("${HOST:-other}"), "db");
}
TEST(Interpolation, EmptyVariableIsEmptyText) { EXPECT_EQ(expanded("<${EMPTY}>"), "<>"); }
TEST(Interpolation, RefusesAnUnsetVariableByName) {
  EXPECT_EQ(refusal("${NOPE}"), "needs the environment variable NOPE, which is not set");
}
TEST(Interpolation, SaysTheUsersMessage) {
  EXPECT_EQ(refusal("${EMPTY:?put the host there}"), "needs the environment variable EMPTY: put the host there");
  EXPECT_EQ(expanded("${HOST:?x}"), "db");
}
TEST(Interpolation, RefusesALoneDollarWithoutShowingTheText) {
  for (const auto* text : {"S3cret$tok", "S3cret$", "S3cret${HOST"}) {
    EXPECT_NE(refusal(text), "");
    EXPECT_EQ(refusal(text).find("S3cret"), std::string::npos);
  }
}
TEST(Interpolation, RefusesNamesThatAreNone) {
  EXPECT_NE(refusal("${}"), "");
  EXPECT_NE(refusal("${1A}"), "");
  EXPECT_NE(refusal("${A-B}"), "");
  EXPECT_NE(refusal("${HOST:+x}"), "");
}
TEST(Interpolation, RefusesVariablesWithNewlines) {
  EXPECT_EQ(refusal("${LINES}"), "takes the environment variable LINES, which holds a newline");
}
TEST(Interpolation, TellsWhichVariablesItUsed) {
  std::set<std::string> used;
  interpolate("${HOST}${NOPE:-x}", environment, used);
  EXPECT_EQ(used, (std::set<std::string>{"HOST", "NOPE"}));
}

}  // namespace
}  // namespace pgmirror::config
