#include <fmt/format.h>

#include "tests/scenario/native_apply/native_apply.hpp"

namespace pgmirror::tests {
namespace {

/// Cells arrive as the source's server prints them and stand in the mirror as that very value.
class PrintedValues : public NativeApply {
 protected:
  PrintedValues() {
    native_.script({.kind = "enum type",
                    .schema = "app",
                    .name = "mood",
                    .sql = "CREATE TYPE app.mood AS ENUM "
                           "('so so', 'it''s', 'fine')"});
    native_.script({.kind = "composite type",
                    .schema = "app",
                    .name = "pair",
                    .sql = "CREATE TYPE app.pair AS (a integer, b text)"});
    native_.script({.kind = "domain",
                    .schema = "app",
                    .name = "percent",
                    .sql = "CREATE DOMAIN app.percent AS integer CHECK (VALUE BETWEEN 0 AND 100)"});
  }

  change::RelationPtr everything(std::vector<Printed> rows) {
    return native_.table("everything",
                         {{"id", "bigint"},
                          {"b", "boolean"},
                          {"i2", "smallint"},
                          {"i4", "integer"},
                          {"r4", "real"},
                          {"r8", "double precision"},
                          {"n", "numeric"},
                          {"ns", "numeric(12,3)"},
                          {"t", "text"},
                          {"v", "character varying(12)"},
                          {"c", "character(6)"},
                          {"bin", "bytea"},
                          {"u", "uuid"},
                          {"j", "json"},
                          {"jb", "jsonb"},
                          {"d", "date"},
                          {"ts", "timestamp without time zone"},
                          {"tz", "timestamp with time zone"},
                          {"tt", "time with time zone"},
                          {"iv", "interval"},
                          {"m", "money"},
                          {"ar", "text[]"},
                          {"ai", "integer[]"},
                          {"mood", "app.mood"},
                          {"moods", "app.mood[]"},
                          {"pair", "app.pair"},
                          {"pct", "app.percent"},
                          {"rng", "int4range"},
                          {"net", "inet"},
                          {"bits", "bit varying(9)"},
                          {"x", "xml"},
                          {"p", "point"},
                          {"ch", "\"char\""},
                          {"tv", "tsvector"}},
                         {0}, std::move(rows));
  }

  static Printed usual(const std::string& id) {
    return {id,
            "t",
            "-32768",
            "2147483647",
            "0.1",
            "0.30000000000000004",
            "1.00",
            "123456789.120",
            "It's \\ \"q\"\n\t\\.",
            "twelve chars",
            "ab    ",
            "\\x00ff5c27",
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            R"({"a":  1, "a": 12345678901234567890, "e": 1e400})",
            R"({"a": 1, "n": 0.30000000000000004})",
            "2026-02-03",
            "2026-02-03 04:05:06.123456",
            "2026-02-03 04:05:06.123456+00",
            "24:00:00+15:59:59",
            "-177999999 years -9 mons -1 days +04:05:06.7",
            "$1,234.56",
            R"({"NULL",NULL,"a\"b","back\\slash",""})",
            "[-2:0]={1,2,3}",
            "it's",
            R"({"so so",fine})",
            R"-((1,"a ""quoted"" (b)"))-",
            "99",
            "[1,5)",
            "10.0.0.0/8",
            "10101",
            "<a b=\"1\">x</a>",
            "(1.5,-2)",
            "q",
            "'a':1 'b':2"};
  }
  static Printed strange(const std::string& id) {
    Printed row = usual(id);
    row[1] = "f";
    row[4] = "-0";
    row[5] = "-Infinity";
    row[6] = "NaN";
    row[7] = "-0.001";
    row[8] = "";
    row[9] = "\\N";
    row[10] = "      ";
    row[11] = "\\x";
    row[15] = "4714-11-24 BC";
    row[16] = "infinity";
    row[17] = "-infinity";
    row[19] = "00:00:00";
    row[21] = "{}";
    row[22] = "{{1,2},{3,NULL}}";
    row[27] = "empty";
    return row;
  }
  static Printed nulls(const std::string& id) {
    Printed row(34);
    row[0] = id;
    return row;
  }
  static Printed extreme(const std::string& id) {
    Printed row = usual(id);
    row[0] = "-9223372036854775808";
    row[5] = "5e-324";
    row[6] = "0.00000000000000006938893903907228";
    row[15] = "5874897-12-31";
    row[16] = "294276-12-31 23:59:59.999999";
    return row;
  }
};

TEST_F(PrintedValues, T1_T2_T4_T5_T8_T13_T15_T22_T23_AreTheSameAfterCopyAndAfterChange) {
  const auto table = everything({usual("1"), strange("2"), nulls("3"), extreme("4")});
  start_and_copy();
  EXPECT_TRUE(holds_what_the_source_has(table));
  native_.transaction([&] {
    native_.insert(table, usual("11"));
    native_.insert(table, strange("12"));
    native_.insert(table, nulls("13"));
  });
  native_.transaction([&] {
    native_.update(table, usual("1"), strange("1"));
    native_.update(table, strange("2"), nulls("2"));
    native_.update(table, nulls("3"), usual("3"));
    native_.remove(table, extreme("4"));
  });
  expect_exact(table);
  EXPECT_EQ(count("pgmirror.odd_values"), 0);
}

TEST_F(PrintedValues, T7_SettingsOfTheMirrorDoNotBendThem) {
  const auto table = everything({usual("1"), strange("2")});
  for (const char* setting :
       {"datestyle = 'German'", "intervalstyle = 'sql_standard'", "timezone = 'Asia/Kathmandu'",
        "extra_float_digits = -5", "bytea_output = 'escape'", "xmloption = 'document'", "array_nulls = off"}) {
    tell(fmt::format("ALTER DATABASE {} SET {}", database_.database, setting));
    tell(fmt::format("ALTER ROLE postgres IN DATABASE {} SET {}", database_.database, setting));
  }
  start_and_copy();
  native_.transaction([&] {
    native_.insert(table, usual("11"));
    native_.insert(table, strange("12"));
    native_.update(table, usual("1"), strange("1"));
  });
  expect_exact(table);
}

TEST_F(PrintedValues, T9_EnumIsAKey) {
  const auto table = native_.table("feeling", {{"mood", "app.mood"}, {"times", "integer"}}, {0}, {{"it's", "1"}});
  start_and_copy();
  native_.transaction([&] {
    native_.insert(table, {"so so", "2"});
    native_.update(table, {"it's", "1"}, {"it's", "3"});
    native_.remove(table, {"so so", "2"});
    native_.update(table, {"it's", "3"}, {"fine", "3"}, {1});
  });
  expect_exact(table);
}

TEST_F(PrintedValues, T21_PaddedTextIsAKey) {
  const auto table = native_.table("country", {{"code", "character(6)"}, {"people", "integer"}}, {0},
                                   {{"ab    ", "1"}, {"cd    ", "2"}});
  start_and_copy();
  native_.transaction([&] {
    native_.update(table, {"ab    ", "1"}, {"ab    ", "5"});
    native_.remove(table, {"cd    ", "2"});
  });
  expect_exact(table);
}

TEST_F(PrintedValues, T10_LabelThatTheSourceGainedSilentlyIsFetched) {
  const auto table = native_.table("feeling", {{"id", "integer"}, {"mood", "app.mood"}}, {0}, {{"1", "fine"}});
  start_and_copy();
  native_.type_addition(
      {.kind = "enum label", .schema = "app", .name = "mood", .parts = {"'so so'", "'it''s'", "'fine'", "'great'"}});
  native_.transaction([&] { native_.insert(table, {"2", "great"}); });
  ASSERT_TRUE(catches_up());
  EXPECT_TRUE(holds_what_the_source_has(table));
  EXPECT_EQ(count("pgmirror.parked"), 0);
}

TEST_F(PrintedValues, T10_LabelThatIsToldIsThereForTheRowsBehindIt) {
  const auto table = native_.table("feeling", {{"id", "integer"}, {"mood", "app.mood"}}, {0}, {{"1", "fine"}});
  start_and_copy();
  native_.transaction([&] {
    native_.statement({.kind = "enum label",
                       .schema = "app",
                       .name = "mood",
                       .parts = {"11 'so so'", "12 'it''s'", "13 'fine'", "14 'great'"}});
    native_.insert(table, {"2", "great"});
  });
  expect_exact(table);
}

TEST_F(PrintedValues, T19_TypesThatTheMirrorHasAsTextStayAsTheyWerePrinted) {
  const auto table = native_.table("span", {{"id", "integer"}, {"span", "interval"}}, {0}, {{"1", "1 mon"}});
  tell("CREATE SCHEMA app; CREATE TABLE app.span (id integer PRIMARY KEY, span text)");
  start_and_copy();
  native_.transaction([&] { native_.insert(table, {"2", "1 year 2 mons"}); });
  expect_exact(table);
}

TEST_F(PrintedValues, T17_KeyOfAnExtensionsTypeIsFound) {
  native_.script({.kind = "schema", .name = "extensions", .sql = "CREATE SCHEMA extensions"});
  native_.script({.kind = "extension", .name = "citext", .sql = "CREATE EXTENSION citext SCHEMA extensions"});
  const auto table =
      native_.table("account", {{"mail", "extensions.citext"}, {"visits", "integer"}}, {0}, {{"Ada@X.org", "1"}});
  start_and_copy();
  native_.transaction([&] { native_.update(table, {"Ada@X.org", "1"}, {"Ada@X.org", "2"}); });
  native_.transaction([&] { native_.update(table, {"Ada@X.org", "2"}, {"ada@x.org", "2"}, {1}); });
  native_.transaction([&] { native_.insert(table, {"bea@x.org", "1"}); });
  native_.transaction([&] { native_.remove(table, {"bea@x.org", "1"}); });
  expect_exact(table);
}

}  // namespace
}  // namespace pgmirror::tests
