#include "sinks/postgres/dense_range.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "sinks/postgres/array_parameter.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using change::Value;

using Encoding = TargetType::Encoding;

std::optional<IntegerRange> range_of(Encoding encoding, const std::vector<Value>& values) {
  const TargetType type{.encoding = encoding};
  ArrayParameter array(type, values.size());
  for (const Value& value : values) array.add(value);
  return dense_range(array.take(), encoding);
}

std::optional<IntegerRange> range_of(Encoding encoding, const std::vector<std::int64_t>& numbers) {
  std::vector<Value> values;
  for (const std::int64_t number : numbers) values.push_back(Value::integer(number));
  return range_of(encoding, values);
}

TEST(DenseRange, HasEveryIntegerOnceInWhateverOrder) {
  for (const auto type : {Encoding::smallint, Encoding::integer, Encoding::bigint}) {
    EXPECT_EQ(range_of(type, std::vector<std::int64_t>{7}), (IntegerRange{7, 7}));
    EXPECT_EQ(range_of(type, std::vector<std::int64_t>{1, 2, 3}), (IntegerRange{1, 3}));
    EXPECT_EQ(range_of(type, std::vector<std::int64_t>{1, -1, 0, -2}), (IntegerRange{-2, 1}));
    EXPECT_EQ(range_of(type, std::vector<std::int64_t>{300, 299, 298}), (IntegerRange{298, 300}));
  }
}

TEST(DenseRange, EndsWhereTheTypeEnds) {
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(range_of(Encoding::bigint, std::vector<std::int64_t>{most, most - 1}), (IntegerRange{most - 1, most}));
  EXPECT_EQ(range_of(Encoding::bigint, std::vector<std::int64_t>{least + 1, least}), (IntegerRange{least, least + 1}));
  EXPECT_EQ(range_of(Encoding::bigint, std::vector<std::int64_t>{least, most}), std::nullopt);
  EXPECT_EQ(range_of(Encoding::smallint, std::vector<std::int64_t>{-32768, -32767}), (IntegerRange{-32768, -32767}));
}

TEST(DenseRange, IsNoneWhereAnIntegerIsMissing) {
  EXPECT_EQ(range_of(Encoding::bigint, std::vector<std::int64_t>{1, 2, 4}), std::nullopt);
  EXPECT_EQ(range_of(Encoding::bigint, std::vector<std::int64_t>{1, 1, 3}), std::nullopt) << "as many as from 1 to 3";
  EXPECT_EQ(range_of(Encoding::bigint, std::vector<std::int64_t>{}), std::nullopt);
  EXPECT_EQ(range_of(Encoding::bigint, std::vector<Value>{Value::integer(1), Value{}, Value::integer(3)}),
            std::nullopt);
  EXPECT_EQ(range_of(Encoding::bigint, std::vector<Value>{Value::integer(1), Value{}, Value{}, Value{}}), std::nullopt);
}

TEST(DenseRange, IsNoneOfOtherTypes) {
  EXPECT_EQ(range_of(Encoding::text, std::vector<Value>{Value::text("1"), Value::text("2")}), std::nullopt);
  EXPECT_EQ(range_of(Encoding::double_precision, std::vector<Value>{Value::integer(1), Value::integer(2)}),
            std::nullopt);
  EXPECT_EQ(range_of(Encoding::numeric, std::vector<Value>{Value::integer(1), Value::integer(2)}), std::nullopt);
}

}  // namespace
}  // namespace pgmirror::sinks::postgres
