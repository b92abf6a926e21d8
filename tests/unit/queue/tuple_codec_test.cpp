#include "queue/tuple_codec.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace pgmirror::queue {
namespace {

using change::Value;

std::vector<Value> through_the_queue(const std::vector<Value>& row, ByteBuffer& bytes, CellArena& arena) {
  append_tuple(bytes, row);
  wire::Reader in(bytes.view());
  const auto back = take_tuple(in, arena);
  EXPECT_TRUE(in.at_end());
  wire::Reader again(bytes.view());
  skip_tuple(again);
  EXPECT_TRUE(again.at_end());
  return {back.begin(), back.end()};
}

void expect_unchanged(const std::vector<Value>& row) {
  ByteBuffer bytes;
  CellArena arena;
  EXPECT_TRUE(std::ranges::equal(through_the_queue(row, bytes, arena), row));
}

TEST(TupleCodec, KeepsTheLimitsOfEveryKind) {
  using integers = std::numeric_limits<std::int64_t>;
  using reals = std::numeric_limits<double>;
  expect_unchanged({});
  expect_unchanged({Value::null(), Value::unchanged()});
  expect_unchanged({Value::integer(0), Value::integer(-1), Value::integer(1), Value::integer(integers::min()),
                    Value::integer(integers::max())});
  expect_unchanged({Value::real(-0.0), Value::real(0.0), Value::real(reals::quiet_NaN()),
                    Value::real(reals::infinity()), Value::real(reals::denorm_min())});
  expect_unchanged({Value::text(""), Value::blob(""), Value::text(std::string_view("\0a\xFF", 3))});
}

TEST(TupleCodec, KeepsEveryWidthOfInteger) {
  for (unsigned bits = 0; bits < 63; ++bits) {
    const auto edge = std::int64_t{1} << bits;
    expect_unchanged(
        {Value::integer(edge - 1), Value::integer(edge), Value::integer(-edge), Value::integer(-edge - 1)});
  }
}

TEST(TupleCodec, KeepsBytesAroundEachWidthOfLength) {
  for (const std::size_t size : {26U, 27U, 28U, 255U, 256U, 65535U, 65536U, 100000U}) {
    const std::string bytes(size, 'z');
    expect_unchanged({Value::text(bytes), Value::integer(7), Value::blob(bytes)});
  }
}

TEST(TupleCodec, TellsTextFromBlobAndNullFromEmpty) {
  ByteBuffer bytes;
  CellArena arena;
  const auto row =
      through_the_queue({Value::text("a"), Value::blob("a"), Value::null(), Value::text("")}, bytes, arena);
  EXPECT_EQ(row[0].kind(), change::ValueKind::text);
  EXPECT_EQ(row[1].kind(), change::ValueKind::blob);
  EXPECT_EQ(row[2].kind(), change::ValueKind::null);
  EXPECT_EQ(row[3].kind(), change::ValueKind::text);
}

TEST(TupleCodec, KeepsRowsAtRandom) {
  std::mt19937_64 chance(20240607);
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::string> owned(chance() % 12);
    std::vector<Value> row;
    for (auto& bytes : owned) {
      bytes.resize(chance() % (chance() % 10 == 0 ? 2000 : 40));
      std::ranges::generate(bytes, [&chance] { return static_cast<char>(chance()); });
      row.push_back(chance() % 2 == 0 ? Value::text(bytes) : Value::blob(bytes));
      row.push_back(Value::integer(static_cast<std::int64_t>(chance() >> (chance() % 64))));
      row.push_back(Value::real(std::bit_cast<double>(chance())));
      if (chance() % 3 == 0) row.push_back(chance() % 2 == 0 ? Value::null() : Value::unchanged());
    }
    std::ranges::shuffle(row, chance);
    expect_unchanged(row);
  }
}

TEST(TupleCodec, RefusesARowThatIsCutOffAnywhere) {
  ByteBuffer bytes;
  const std::string text(300, 't');
  append_tuple(bytes, std::vector{Value::integer(123456), Value::text(text), Value::real(1.5), Value::null()});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    wire::Reader in(bytes.view().substr(0, size));
    CellArena arena;
    EXPECT_THROW(take_tuple(in, arena), wire::Malformed) << size;
  }
}

TEST(TupleCodec, RefusesUnknownKindsAndWidths) {
  for (const std::string cell : {"\x06", "\x07", "\x4A", "\xFC", "\xFD"}) {
    const std::string row = "\x01" + cell + std::string(20, '\0');
    wire::Reader in(row);
    CellArena arena;
    EXPECT_THROW(take_tuple(in, arena), wire::Malformed) << static_cast<int>(cell[0]);
  }
}

TEST(CellArena, KeepsCellsInPlaceWhileMoreAreTaken) {
  CellArena arena;
  const auto first = arena.take(3);
  std::ranges::fill(first, Value::integer(42));
  for (int i = 0; i < 100; ++i) std::ranges::fill(arena.take(1000), Value::null());
  const auto large = arena.take(100'000);
  std::ranges::fill(large, Value::null());
  EXPECT_TRUE(std::ranges::all_of(first, [](const Value& cell) { return cell == Value::integer(42); }));
}

}  // namespace
}  // namespace pgmirror::queue
