#include "sinks/postgres/retyping.hpp"

#include <gtest/gtest.h>

namespace pgmirror::sinks::postgres {
namespace {

TargetType type(const std::string& name) {
  change::Column column;
  column.name = "c";
  const config::TypeOverride wanted{name, ""};
  return choose_type(column, nullptr, &wanted);
}

std::string way(const std::string& from, const std::string& to) {
  const auto change = retyping(type(from), type(to), "c");
  return change ? change->sql : "stays";
}

TEST(Retyping, LosesNothing) {
  EXPECT_EQ(way("bigint", "bigint"), "stays");
  EXPECT_EQ(way("text", "bigint"), "stays");
  EXPECT_EQ(way("bigint", "boolean"), "stays");
  EXPECT_EQ(way("numeric", "bigint"), "stays");
  EXPECT_EQ(way("boolean", "bigint"), "bigint");
  EXPECT_EQ(way("bigint", "numeric"), "numeric");
  EXPECT_EQ(way("bigint", "text"), "text");
  EXPECT_EQ(way("bigint", "double precision"), "text");
  EXPECT_EQ(way("double precision", "bigint"), "text");
  EXPECT_EQ(way("double precision", "numeric"), "numeric");
  EXPECT_EQ(way("bytea", "text"), "stays");
  EXPECT_EQ(way("numeric", "text"), "text");
}

}  // namespace
}  // namespace pgmirror::sinks::postgres
