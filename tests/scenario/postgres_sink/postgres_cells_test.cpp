#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <charconv>
#include <limits>
#include <random>

#include "libpq/copy_stream.hpp"
#include "sinks/postgres/binary_field.hpp"
#include "sinks/postgres/cell_encoding.hpp"
#include "sinks/postgres/moment.hpp"
#include "sinks/postgres/number_text.hpp"
#include "sinks/postgres/target_type.hpp"
#include "tests/scenario/postgres_sink/hand_made_snapshot.hpp"
#include "tests/scenario/postgres_sink/mirror_database.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using change::TypeFamily;
using tests::blob;
using tests::Cell;
using tests::integer;
using tests::nothing;
using tests::real;
using tests::text;

TargetType type_of(const std::string& name, TypeFamily family, const std::string& encoding = "") {
  const config::TypeOverride wanted{name, encoding};
  return choose_type(tests::column("c", "", family), nullptr, &wanted);
}

/// Writes values with append_cell in both ways that the sink uses and reads back what the server then has.
class Cells : public testing::Test {
 protected:
  static tests::MirrorDatabase& database() {
    static tests::MirrorDatabase database;
    return database;
  }

  /// The server's own text for the value as an element of a binary array.
  static std::string by_array(const TargetType& type, const Cell& cell) {
    std::string array;
    for (const std::int32_t word : {1, 0}) append_network_order(array, word);
    append_network_order(array, static_cast<std::uint32_t>(type.oid));
    for (const std::int32_t word : {1, 1}) append_network_order(array, word);
    fit_ = append_cell(array, cell.value(), type);
    const libpq::Result result =
        database().connection.execute("SELECT c::text FROM unnest($1::" + type.array_sql + ") AS c",
                                      libpq::Parameters{}.binary(array, type.array_oid));
    return result.is_null(0, 0) ? "~" : std::string(result.text(0, 0));
  }

  static std::string by_copy(const TargetType& type, const Cell& cell) {
    libpq::Connection& connection = database().connection;
    connection.execute("DROP TABLE IF EXISTS cell; CREATE TABLE cell (c " + type.sql + ")");
    std::string bytes("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0\0\1", 21);
    append_cell(bytes, cell.value(), type);
    bytes += "\377\377";
    libpq::CopyIn copy = connection.copy_in("COPY cell FROM STDIN (FORMAT binary)");
    copy.write(bytes);
    EXPECT_EQ(copy.finish(), 1U);
    return database().ask("SELECT c::text FROM cell");
  }

  static void expect(const TargetType& type, const Cell& cell, const std::string& wanted,
                     CellFit fit = CellFit::stored) {
    EXPECT_EQ(by_array(type, cell), wanted) << type.sql;
    EXPECT_EQ(fit_, fit) << type.sql << " " << wanted;
    EXPECT_EQ(by_copy(type, cell), wanted) << type.sql;
  }
  static void expect_odd(const TargetType& type, const Cell& cell) { expect(type, cell, "~", CellFit::odd); }

  static inline CellFit fit_ = CellFit::stored;
};

TEST_F(Cells, BigintHoldsEveryIntegerAndNothingElse) {
  const TargetType type = type_of("bigint", TypeFamily::integer);
  for (const std::int64_t number : {std::numeric_limits<std::int64_t>::min(), std::int64_t{-1}, std::int64_t{0},
                                    std::int64_t{1} << 40, std::numeric_limits<std::int64_t>::max()}) {
    expect(type, integer(number), std::to_string(number));
  }
  expect(type, nothing(), "~");
  expect_odd(type, text("12"));
  expect_odd(type, real(1.0));
  expect_odd(type, blob("1"));
}

TEST_F(Cells, BooleanHoldsZeroAndOne) {
  const TargetType type = type_of("boolean", TypeFamily::boolean);
  expect(type, integer(0), "false");
  expect(type, integer(1), "true");
  expect_odd(type, integer(2));
  expect_odd(type, text("true"));
}

TEST_F(Cells, DoubleKeepsEveryBit) {
  const TargetType type = type_of("double precision", TypeFamily::real);
  expect(type, real(0.1), "0.1");
  expect(type, real(-0.0), "-0");
  expect(type, real(5e-324), "5e-324");
  expect(type, real(std::numeric_limits<double>::max()), "1.7976931348623157e+308");
  expect(type, real(std::numeric_limits<double>::infinity()), "Infinity");
  expect(type, real(-std::numeric_limits<double>::infinity()), "-Infinity");
  expect(type, integer(5), "5");
  expect(type, integer((std::int64_t{1} << 53) + 1), "9.007199254740992e+15", CellFit::odd);
  expect(type_of("double precision", TypeFamily::any), integer(5), "5", CellFit::odd);
  expect_odd(type, text("0.1"));
}

TEST_F(Cells, NumericHoldsIntegersRealsAndLongNumbers) {
  const TargetType type = type_of("numeric", TypeFamily::numeric);
  expect(type, integer(0), "0");
  expect(type, integer(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  expect(type, integer(10000), "10000");
  expect(type, integer(100000000), "100000000");
  expect(type, real(0.1), "0.1");
  expect(type, real(12345.6789), "12345.6789");
  expect(type, real(1e-7), "0.0000001");
  expect(type, real(1e22), "10000000000000000000000");
  expect(type, real(-1.5e-10), "-0.00000000015");
  expect(type, real(std::numeric_limits<double>::infinity()), "Infinity");
  expect(type, real(-std::numeric_limits<double>::infinity()), "-Infinity");
  expect(type, real(5.0), "5.0", CellFit::odd);
  const std::string forty = "-1234567890123456789012345678901234567890.0987654321";
  expect(type, text(forty), forty, CellFit::odd);
  expect(type, text("+007.50"), "7.50", CellFit::odd);
  expect(type, text(".5"), "0.5", CellFit::odd);
  expect_odd(type, text("12 apples"));
  expect_odd(type, text(""));
  expect_odd(type, text("1e999999"));
  expect_odd(type, blob("1"));
}

TEST_F(Cells, NumericAgreesWithTheServerOnRandomNumbers) {
  const TargetType type = type_of("numeric", TypeFamily::any);
  std::mt19937_64 random(4);
  for (int i = 0; i < 300; ++i) {
    std::string number = random() % 2 == 0 ? "-" : "";
    for (std::uint64_t digits = 1 + random() % 30; digits > 0; --digits)
      number += static_cast<char>('0' + random() % 10);
    if (random() % 2 == 0) number += '.';
    if (number.back() == '.') {
      for (std::uint64_t digits = 1 + random() % 12; digits > 0; --digits)
        number += static_cast<char>('0' + random() % 10);
    }
    if (random() % 3 == 0) number += "e" + std::to_string(static_cast<int>(random() % 40) - 20);
    const std::string wanted = database().ask("SELECT '" + number + "'::numeric::text");
    EXPECT_EQ(by_array(type, text(number)), wanted) << number;
  }
}

TEST_F(Cells, NumericWithAScaleRefusesToRound) {
  const auto type = type_of_existing(tests::column("c", "", TypeFamily::numeric),
                                     {1700, ((8 << 16) | 2) + 4, "numeric(8,2)"}, nullptr);
  ASSERT_TRUE(type.has_value());
  expect(*type, real(12.5), "12.50");
  expect(*type, integer(999999), "999999.00");
  expect_odd(*type, integer(1000000));
  expect_odd(*type, real(0.125));
  expect_odd(*type, real(std::numeric_limits<double>::infinity()));
}

TEST_F(Cells, TextHoldsUtf8AndNothingElse) {
  const TargetType type = type_of("text", TypeFamily::text);
  expect(type, text(""), "");
  expect(type, text("é☃𝄞"), "é☃𝄞");
  expect(type, text("12345678é"), "12345678é");
  expect(type, text("tab\tnewline\nbackslash\\"), "tab\tnewline\nbackslash\\");
  expect_odd(type, text(std::string("a\0b", 3)));
  expect_odd(type, text(std::string("12345678\0", 9)));
  expect_odd(type, text("\xC3\x28"));
  expect_odd(type, text("\xED\xA0\x80"));
  expect_odd(type, text("\xC0\xAF"));
  expect_odd(type, text("\xF4\x90\x80\x80"));
  expect_odd(type, blob("abc"));
  expect(type, integer(5), "5", CellFit::odd);
}

TEST_F(Cells, UntypedTextTellsNumbersFromTexts) {
  const TargetType type = type_of("text", TypeFamily::any);
  expect(type, integer(5), "5");
  expect(type, real(5.0), "5.0");
  expect(type, real(1e22), "1e+22");
  expect(type, real(-0.0), "-0.0");
  expect(type, text("five"), "five");
  expect(type, text("05"), "05");
  expect(type, text("5"), "5", CellFit::odd);
  expect(type, text("5.0"), "5.0", CellFit::odd);
  expect(type, text("5.00"), "5.00");
  expect_odd(type, blob("5"));
}

TEST_F(Cells, RealsAreSpelledAsTheServerSpellsThem) {
  std::mt19937_64 random(9);
  for (int i = 0; i < 400; ++i) {
    double number = std::bit_cast<double>(random());
    if (i % 2 == 0) number = static_cast<double>(static_cast<std::int64_t>(random() % 4000000) - 2000000) / 1000;
    if (number != number) continue;
    std::string wanted = database().ask("SELECT '" + real_text(number) + "'::float8::text");
    if (wanted.find_first_of(".eI") == std::string::npos) wanted += ".0";
    EXPECT_EQ(real_text(number), wanted);
    EXPECT_TRUE(is_number_text(real_text(number)));
  }
}

TEST_F(Cells, ByteaHoldsBlobs) {
  const TargetType type = type_of("bytea", TypeFamily::blob);
  expect(type, blob(""), "\\x");
  expect(type, blob(std::string("\0\xFF", 2)), "\\x00ff");
  expect(type, text("AB"), "\\x4142", CellFit::odd);
  expect_odd(type, integer(1));
}

TEST_F(Cells, UuidHoldsCanonicalTextOrSixteenBytes) {
  const std::string canonical = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
  expect(type_of("uuid", TypeFamily::text), text(canonical), canonical);
  expect(type_of("uuid", TypeFamily::text), text("A0EEBC999C0B4EF8BB6D6BB9BD380A11"), canonical, CellFit::odd);
  expect_odd(type_of("uuid", TypeFamily::text), text("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1"));
  expect_odd(type_of("uuid", TypeFamily::text), text("a0eebc99x9c0b-4ef8-bb6d-6bb9bd380a11"));
  expect(type_of("uuid", TypeFamily::blob), blob("0123456789abcdef"), "30313233-3435-3637-3839-616263646566");
}

TEST_F(Cells, JsonIsRefusedWhereTheServerWouldRefuseIt) {
  const TargetType type = type_of("jsonb", TypeFamily::json);
  expect(type, text(R"({"b": 1, "a": [true, null]})"), R"({"a": [true, null], "b": 1})");
  expect(type, integer(5), "5");
  expect(type_of("json", TypeFamily::json), text(R"({"b":  1})"), R"({"b":  1})");
  expect_odd(type, text("{"));
  expect_odd(type, text(""));
  expect_odd(type, text("\xEF\xBB\xBF{}"));
  expect_odd(type, text(R"("\u0000")"));
  expect_odd(type, text(R"("\ud800")"));
  expect_odd(type, text("1e-99999"));
  expect_odd(type, text(std::string(20000, '[') + std::string(20000, ']')));
  expect(type, text(std::string(900, '[') + std::string(900, ']')), std::string(900, '[') + std::string(900, ']'));
}

TEST_F(Cells, MomentsAreReadInTheStatedEncoding) {
  database().connection.execute("SET TimeZone = 'UTC'");
  const TargetType zoned = type_of("timestamptz", TypeFamily::datetime);
  expect(zoned, text("2024-02-29 12:34:56.789"), "2024-02-29 12:34:56.789+00");
  expect(zoned, text("2024-02-29T12:34:56+02:00"), "2024-02-29 10:34:56+00");
  expect(zoned, text("2024-02-29T12:34Z"), "2024-02-29 12:34:00+00");
  expect(zoned, text("0001-01-01"), "0001-01-01 00:00:00+00");
  expect(zoned, text("9999-12-31 23:59:59.999999"), "9999-12-31 23:59:59.999999+00");
  for (const char* wrong : {"2023-02-29", "2024-02-29 24:00:00", "2024-02-29 12:34:56.1234567", "yesterday", "",
                            "2024-2-9", "2024-02-29 12:34:56 CET", "0000-01-01"}) {
    expect_odd(zoned, text(wrong));
  }
  expect_odd(zoned, integer(1700000000));

  const TargetType seconds = type_of("timestamp", TypeFamily::datetime, "unix");
  expect(seconds, integer(1700000000), "2023-11-14 22:13:20");
  expect(seconds, integer(-1), "1969-12-31 23:59:59");
  expect(seconds, real(1700000000.123456), "2023-11-14 22:13:20.123456");
  expect_odd(seconds, integer(std::numeric_limits<std::int64_t>::max()));
  expect_odd(seconds, real(std::numeric_limits<double>::infinity()));
  expect(type_of("timestamp", TypeFamily::datetime, "unix_ms"), integer(1700000000123), "2023-11-14 22:13:20.123");
  expect(type_of("timestamp", TypeFamily::datetime, "julian"), real(2460263.5), "2023-11-15 00:00:00");

  const TargetType date = type_of("date", TypeFamily::datetime);
  expect(date, text("2024-02-29"), "2024-02-29");
  expect(date, text("1999-12-31 00:00:00"), "1999-12-31");
  expect_odd(date, text("2024-02-29 00:00:01"));
}

TEST_F(Cells, PrintedMomentsAreReadAsTheServerMeansThem) {
  libpq::Connection& connection = database().connection;
  connection.execute("SET datestyle TO 'ISO, YMD'; SET timezone TO 'UTC'");
  const auto agrees = [&](const std::string& type, const std::string& send, int bits, const std::string& values) {
    const libpq::Result answer =
        connection.execute("SELECT m::text, ('x' || pg_catalog.encode(" + send + "(m), 'hex'))::bit(" +
                           std::to_string(bits) + ")::bigint FROM (" + values + ") AS v(m)");
    ASSERT_GT(answer.rows(), 2000);
    for (int row = 0; row < answer.rows(); ++row) {
      const std::string printed(answer.text(row, 0));
      const bool is_date = type == "date";
      const auto date = read_printed_date(is_date ? printed : "infinity");
      const auto timestamp = read_printed_timestamp(is_date ? "infinity" : printed);
      ASSERT_TRUE(date.has_value() && timestamp.has_value()) << type << " " << printed;
      const std::int64_t meant = answer.integer(row, 1);
      ASSERT_EQ(is_date ? *date : *timestamp, is_date ? static_cast<std::int32_t>(meant) : meant) << printed;
    }
  };
  for (const std::string type : {"timestamp", "timestamptz"}) {
    agrees(type, type + "_send", 64,
           "SELECT (TIMESTAMP '2000-01-01' + make_interval(days => (random() * 109191000 - 2450000)::int,"
           " secs => (random() * 86400)::numeric(11, 6)::float8))::" +
               type +
               " FROM generate_series(1, 1000) UNION ALL SELECT (TIMESTAMP '2000-01-01' +"
               " make_interval(days => (random() * 40000 - 30000)::int, hours => i % 24))::" +
               type +
               " FROM generate_series(1, 1000) AS i UNION ALL SELECT unnest('{infinity,-infinity,4713-11-24 BC,"
               "0001-12-31 23:59:59.999999 BC,0001-01-01,294276-12-31 23:59:59.999999,2000-02-29 00:00:00.1,"
               "1900-02-28 12:00:00}'::" +
               type + "[])");
  }
  agrees(
      "date", "date_send", 32,
      "SELECT DATE '2000-01-01' + (random() * 2147483493 - 2451545)::int FROM generate_series(1, 1000)"
      " UNION ALL SELECT DATE '2000-01-01' + i * 37 - 60000 FROM generate_series(1, 2000) AS i"
      " UNION ALL SELECT unnest('{infinity,-infinity,4714-11-24 BC,5874897-12-31,0001-12-31 BC,2000-02-29}'::date[])");
  for (const char* unreadable :
       {"", "now", "2000-1", "2000-00-01", "2000-01-01x", "2000-01-01 00:00:00.", "12345678-01-01",
        "2000-01-01 00:00:00+0", "2000-01-01 00:00:00 AD", "294277-01-01 00:00:00"}) {
    EXPECT_FALSE(read_printed_timestamp(unreadable).has_value()) << unreadable;
  }
}

TEST_F(Cells, NarrowExistingTypesRefuseWhatTheyCannotHold) {
  const auto narrow = type_of_existing(tests::column("c", "", TypeFamily::integer), {21, -1, "smallint"}, nullptr);
  ASSERT_TRUE(narrow.has_value());
  expect(*narrow, integer(-32768), "-32768");
  expect_odd(*narrow, integer(32768));
  const auto four = type_of_existing(tests::column("c", "", TypeFamily::integer), {23, -1, "integer"}, nullptr);
  expect(*four, integer(2147483647), "2147483647");
  expect_odd(*four, integer(2147483648));
  const auto varying =
      type_of_existing(tests::column("c", "", TypeFamily::text), {1043, 3 + 4, "character varying(3)"}, nullptr);
  expect(*varying, text("é☃𝄞"), "é☃𝄞");
  expect_odd(*varying, text("four"));
}

TEST_F(Cells, AForeignTextGoesThroughACast) {
  const TargetType type = choose_type(tests::column("c", "inet", TypeFamily::native), nullptr, nullptr);
  std::string cell;
  EXPECT_EQ(append_cell(cell, text("10.0.0.1").value(), type), CellFit::stored);
  const libpq::Result result = database().connection.execute("SELECT $1::text::" + type.sql + " << '10.0.0.0/8'",
                                                             libpq::Parameters{}.binary(cell.substr(4), type.oid));
  EXPECT_TRUE(result.boolean(0, 0));
  EXPECT_THROW(append_cell(cell, change::Value::unchanged(), type), std::logic_error);
}

}  // namespace
}  // namespace pgmirror::sinks::postgres
