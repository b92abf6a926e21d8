#include "capture/sqlite/affinity.hpp"

#include <gtest/gtest.h>

namespace pgmirror::capture::sqlite {
namespace {

using change::TypeFamily;

TEST(Affinity, FollowsTheFirstRuleThatMatches) {
  EXPECT_EQ(column_affinity("INTEGER", false), Affinity::integer);
  EXPECT_EQ(column_affinity("floating point", false), Affinity::integer);  // "point" has "int"
  EXPECT_EQ(column_affinity("CHARINT", false), Affinity::integer);
  EXPECT_EQ(column_affinity("varchar(255)", false), Affinity::text);
  EXPECT_EQ(column_affinity("Clob", false), Affinity::text);
  EXPECT_EQ(column_affinity("", false), Affinity::blob);
  EXPECT_EQ(column_affinity("BLOB", false), Affinity::blob);
  EXPECT_EQ(column_affinity("double precision", false), Affinity::real);
  EXPECT_EQ(column_affinity("decimal(10,5)", false), Affinity::numeric);
  EXPECT_EQ(column_affinity("STRING", false), Affinity::numeric);
}

TEST(Affinity, OfAnyDependsOnTheTable) {
  EXPECT_EQ(column_affinity("ANY", false), Affinity::numeric);
  EXPECT_EQ(column_affinity("any", true), Affinity::blob);
}

TEST(TypeFamily, SaysMoreThanTheAffinity) {
  EXPECT_EQ(type_family("BOOLEAN", false), TypeFamily::boolean);
  EXPECT_EQ(type_family("bool", false), TypeFamily::boolean);
  EXPECT_EQ(type_family("DATETIME", false), TypeFamily::datetime);
  EXPECT_EQ(type_family("timestamp with time zone", false), TypeFamily::datetime);
  EXPECT_EQ(type_family("Date", false), TypeFamily::datetime);
  EXPECT_EQ(type_family("JSON", false), TypeFamily::json);
  EXPECT_EQ(type_family("", false), TypeFamily::any);
  EXPECT_EQ(type_family("ANY", true), TypeFamily::any);
  EXPECT_EQ(type_family("bigint", false), TypeFamily::integer);
  EXPECT_EQ(type_family("DECIMAL(10,2)", false), TypeFamily::numeric);
  EXPECT_EQ(type_family("BLOB", false), TypeFamily::blob);
}

}  // namespace
}  // namespace pgmirror::capture::sqlite
