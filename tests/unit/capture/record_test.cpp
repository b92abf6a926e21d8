#include "capture/sqlite/record.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace pgmirror::capture::sqlite {
namespace {

using change::Value;

std::vector<std::byte> bytes(std::initializer_list<unsigned> values) {
  std::vector<std::byte> result;
  for (const unsigned value : values) result.push_back(static_cast<std::byte>(value));
  return result;
}

std::vector<Value> values(const std::vector<std::byte>& record) {
  std::vector<Value> result;
  Record reader(record);
  RecordField field;
  while (reader.next(field)) result.push_back(field.value());
  return result;
}

TEST(Record, GivesEveryType) {
  const auto record = bytes({12,   0,    1,    2,    3,    4,    5,    8,    9,    13 + 4, 12 + 4, 7,  // header
                             0xFF, 0x01, 0x00, 0x80, 0x00, 0x00, 0x7F, 0xFF, 0xFF, 0xFF,  // 1, 2, 3, 4 bytes
                             0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 'h',  'i',  0xC3, 0x28,  // 6 bytes, text, blob
                             0x3F, 0xF8, 0,    0,    0,    0,    0,    0});
  EXPECT_EQ(values(record),
            (std::vector<Value>{Value::null(), Value::integer(-1), Value::integer(256), Value::integer(-8388608),
                                Value::integer(2147483647), Value::integer(-2), Value::integer(0), Value::integer(1),
                                Value::text("hi"), Value::blob("\xC3\x28"), Value::real(1.5)}));
}

TEST(Record, RefusesTypesThatNoFileMayHold) {
  EXPECT_THROW(values(bytes({2, 10})), DamagedPage);
  EXPECT_THROW(values(bytes({2, 11})), DamagedPage);
}

TEST(Record, RefusesToReadPastItsEnd) {
  EXPECT_THROW(values(bytes({})), DamagedPage);
  EXPECT_THROW(values(bytes({5, 1, 1})), DamagedPage);                    // header longer than the record
  EXPECT_THROW(values(bytes({0, 1, 1})), DamagedPage);                    // header shorter than itself
  EXPECT_THROW(values(bytes({2, 6, 1, 2, 3, 4, 5, 6, 7})), DamagedPage);  // seven of eight bytes
  EXPECT_THROW(values(bytes({2, 13 + 8, 'a', 'b', 'c'})), DamagedPage);
  EXPECT_THROW(values(bytes({3, 0x81, 0x81})), DamagedPage);  // type runs out of the header
}

TEST(Record, TellsWhichFieldsItsBeginningHolds) {
  auto record = bytes({4, 1, 13 + 40, 1, 7});
  record.resize(12);
  EXPECT_TRUE(holds_fields(record, 1));
  EXPECT_FALSE(holds_fields(record, 2));
  EXPECT_FALSE(holds_fields(std::span(record).first(3), 1));
}

}  // namespace
}  // namespace pgmirror::capture::sqlite
