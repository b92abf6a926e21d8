#include "sinks/postgres/odd_values.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/sinks/sample_table.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using change::TypeFamily;
using change::Value;

TEST(OddKey, TellsEveryClassApart) {
  const MirrorTable table = sample_table({{"id", TypeFamily::any}});
  const auto key = [&](const Value& value) { return odd_key(table, std::vector<Value>{value}); };
  EXPECT_EQ(key(Value::integer(5)), "[5]");
  EXPECT_EQ(key(Value::text("5")), "[\"5\"]");
  EXPECT_EQ(key(Value::real(5)), "[{\"real\":\"5.0\"}]");
  EXPECT_EQ(key(Value::blob("\x05")), "[{\"blob\":\"05\"}]");
  EXPECT_EQ(key(Value::text("\xFF")), "[{\"text\":\"ff\"}]");
  EXPECT_EQ(key(Value::null()), "[null]");
  EXPECT_EQ(key(Value::text("é\"\n")), "[\"é\\\"\\n\"]");
  EXPECT_THROW(key(Value::unchanged()), std::logic_error);
}

TEST(OddKey, KeepsTheOrderOfTheKey) {
  MirrorTable table = sample_table({{"a", TypeFamily::integer}, {"b", TypeFamily::text}});
  table.key = {1, 0};
  EXPECT_EQ(odd_key(table, std::vector<Value>{Value::integer(1), Value::text("x")}), "[\"x\",1]");
}

TEST(OddValues, AreSpentOnceTaken) {
  const MirrorTable table = sample_table({{"id", TypeFamily::integer}, {"v", TypeFamily::text}});
  OddValues odd;
  odd.add(table, "[1]", table.columns[1], Value::blob("bytes"));
  EXPECT_EQ(odd.size(), 1U);
  EXPECT_GT(odd.bytes(), 5U);
  EXPECT_EQ(odd.take_parameters().count(), 6);
  EXPECT_TRUE(odd.empty());
  EXPECT_EQ(odd.bytes(), 0U);
}

}  // namespace
}  // namespace pgmirror::sinks::postgres
