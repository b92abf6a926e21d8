#include "sinks/postgres/json_check.hpp"

#include <gtest/gtest.h>

#include <string>

namespace pgmirror::sinks::postgres {
namespace {

TEST(JsonCheck, TakesWhatPostgreSqlTakes) {
  for (const char* good : {"null", "[1, 2.5e3]", R"({"a": "\ud83d\ude00"})", " {} "}) {
    EXPECT_TRUE(is_json(good)) << good;
    EXPECT_TRUE(is_jsonb(good)) << good;
  }
  EXPECT_TRUE(is_json(R"("\u0000")"));
  EXPECT_FALSE(is_jsonb(R"("\u0000")"));
}

TEST(JsonCheck, RefusesWhatItWouldRefuse) {
  for (const char* bad : {"", "{", "[1,]", "nul", "'a'", R"("\ud800")", "\"\xFF\"", "\xEF\xBB\xBF[]", "01"}) {
    EXPECT_FALSE(is_json(bad)) << bad;
  }
  EXPECT_FALSE(is_json(std::string(1001, '[') + std::string(1001, ']')));
  EXPECT_FALSE(is_jsonb("1e-9999"));
  EXPECT_FALSE(is_jsonb("0." + std::string(2000, '1')));
  EXPECT_TRUE(is_jsonb("1e-999"));
}

}  // namespace
}  // namespace pgmirror::sinks::postgres
