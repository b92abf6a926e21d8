#include "sinks/postgres/target_type.hpp"

#include <gtest/gtest.h>

namespace pgmirror::sinks::postgres {
namespace {

using change::Column;
using change::ColumnProfile;
using change::TypeFamily;

std::string chosen(TypeFamily family, const ColumnProfile* profile = nullptr) {
  Column column;
  column.name = "c";
  column.family = family;
  return choose_type(column, profile, nullptr).sql;
}

std::string chosen(TypeFamily family, const ColumnProfile& profile) { return chosen(family, &profile); }

TEST(TargetType, OfAnEmptyTableFollowsTheDeclaration) {
  EXPECT_EQ(chosen(TypeFamily::integer), "bigint");
  EXPECT_EQ(chosen(TypeFamily::real), "double precision");
  EXPECT_EQ(chosen(TypeFamily::numeric), "numeric");
  EXPECT_EQ(chosen(TypeFamily::boolean), "bigint");
  EXPECT_EQ(chosen(TypeFamily::text), "text");
  EXPECT_EQ(chosen(TypeFamily::datetime), "text");
  EXPECT_EQ(chosen(TypeFamily::json), "text");
  EXPECT_EQ(chosen(TypeFamily::blob), "bytea");
  EXPECT_EQ(chosen(TypeFamily::any), "text");
}

TEST(TargetType, FollowsWhatTheRowsShow) {
  EXPECT_EQ(chosen(TypeFamily::integer, {.integers = 5, .texts = 1}), "text");
  EXPECT_EQ(chosen(TypeFamily::integer, {.nulls = 1, .integers = 5}), "bigint");
  EXPECT_EQ(chosen(TypeFamily::real, {.reals = 5, .blobs = 1}), "text");
  EXPECT_EQ(chosen(TypeFamily::numeric, {.integers = 1, .reals = 5}), "numeric");
  EXPECT_EQ(chosen(TypeFamily::numeric, {.integers = 1, .texts = 5}), "text");
  EXPECT_EQ(chosen(TypeFamily::boolean, {.nulls = 2, .integers = 5}), "boolean");
  EXPECT_EQ(chosen(TypeFamily::boolean, {.nulls = 2}), "bigint");
  EXPECT_EQ(chosen(TypeFamily::boolean, {.integers = 5, .not_boolean = 1}), "bigint");
  EXPECT_EQ(chosen(TypeFamily::boolean, {.integers = 5, .texts = 1, .not_boolean = 1}), "text");
  EXPECT_EQ(chosen(TypeFamily::blob, {.texts = 5}), "text");
  EXPECT_EQ(chosen(TypeFamily::blob, {.texts = 5, .blobs = 1}), "bytea");
  EXPECT_EQ(chosen(TypeFamily::any, {.integers = 5}), "bigint");
  EXPECT_EQ(chosen(TypeFamily::any, {.reals = 5}), "double precision");
  EXPECT_EQ(chosen(TypeFamily::any, {.blobs = 5}), "bytea");
  EXPECT_EQ(chosen(TypeFamily::any, {.integers = 1, .reals = 1}), "text");
}

TEST(TargetType, AnOverrideWins) {
  Column column;
  column.name = "at";
  column.family = TypeFamily::datetime;
  const config::TypeOverride moment{"timestamptz", "unix_ms"};
  const TargetType type = choose_type(column, nullptr, &moment);
  EXPECT_EQ(type.sql, "timestamp with time zone");
  EXPECT_EQ(type.moment, TargetType::Moment::unix_milliseconds);
  for (const config::TypeOverride& wrong :
       {config::TypeOverride{"money", ""}, config::TypeOverride{"timestamptz", "excel"},
        config::TypeOverride{"uuid", "unix"}}) {
    EXPECT_THROW(choose_type(column, nullptr, &wrong), TypeError) << wrong.type;
  }
}

TEST(TargetType, OfAnExistingColumnIsRefusedWhereItWouldLose) {
  const Column column{.name = "c", .declared_type = "", .family = TypeFamily::text};
  for (const CatalogType& lossy :
       {CatalogType{700, -1, "real"}, CatalogType{1042, 14, "character(10)"}, CatalogType{1114, 3, "timestamp(3)"},
        CatalogType{1009, -1, "text[]"}, CatalogType{1700, ((3 << 16) | 5) + 4, "numeric(3,5)"},
        CatalogType{99999, -1, "citext"}}) {
    EXPECT_FALSE(type_of_existing(column, lossy, nullptr).has_value()) << lossy.sql;
  }
  EXPECT_EQ(type_of_existing(column, {1043, 54, "character varying(50)"}, nullptr)->length, 50);
  const auto numeric = type_of_existing(column, {1700, ((10 << 16) | 2) + 4, "numeric(10,2)"}, nullptr);
  EXPECT_EQ(numeric->precision, 10);
  EXPECT_EQ(numeric->scale, 2);
  EXPECT_TRUE(type_of_existing(column, {1114, 6, "timestamp(6) without time zone"}, nullptr).has_value());
}

TEST(TargetType, OfAPostgreSqlSourceIsTheDeclaredOne) {
  const Column column{.name = "c", .declared_type = "inet", .family = TypeFamily::native};
  const TargetType type = choose_type(column, nullptr, nullptr);
  EXPECT_EQ(type.sql, "inet");
  EXPECT_EQ(type.array_sql, "text[]");
  EXPECT_TRUE(type.needs_cast());
  EXPECT_TRUE(type_of_existing(column, {869, -1, "inet"}, nullptr).has_value());
  EXPECT_FALSE(type_of_existing(column, {650, -1, "cidr"}, nullptr).has_value());
}

}  // namespace
}  // namespace pgmirror::sinks::postgres
