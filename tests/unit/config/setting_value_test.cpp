#include "config/setting_value.hpp"

#include <gtest/gtest.h>

namespace pgmirror::config {
namespace {

template <typename Parse>
std::string refusal(Parse parse, std::string_view text) {
  try {
    parse(text);
  } catch (const InvalidValue& why) {
    return why.what();
  }
  return {};
}

TEST(SettingValue, BooleansInEveryUsualForm) {
  for (const auto* text : {"true", "TRUE", "Yes", "on", "1", " true "}) EXPECT_TRUE(parse_boolean(text)) << text;
  for (const auto* text : {"false", "False", "NO", "off", "0"}) EXPECT_FALSE(parse_boolean(text)) << text;
  EXPECT_EQ(refusal(parse_boolean, "ture"), "\"ture\" is neither true nor false");
  EXPECT_NE(refusal(parse_boolean, ""), "");
}

TEST(SettingValue, PortsFrom1To65535) {
  EXPECT_EQ(parse_port("1"), 1);
  EXPECT_EQ(parse_port("65535"), 65535);
  EXPECT_EQ(refusal(parse_port, "abc"), "\"abc\" is not a port (1 to 65535)");
  for (const auto* text : {"0", "65536", "-1", "+1", " 1", "1.0", "5432x", "99999999999999999999"}) {
    EXPECT_NE(refusal(parse_port, text), "") << text;
  }
}

TEST(SettingValue, PoolHasLimits) {
  EXPECT_EQ(parse_pool("64"), 64U);
  EXPECT_EQ(refusal(parse_pool, "0"), "\"0\" is not a number of connections (1 to 64)");
  EXPECT_NE(refusal(parse_pool, "65"), "");
}

TEST(SettingValue, TheDiskBudgetHasALeast) {
  EXPECT_EQ(parse_disk_budget("1MiB"), std::uint64_t{1} << 20U);
  EXPECT_EQ(refusal(parse_disk_budget, "4KiB"), "\"4KiB\" is too small; at least 1MiB is needed");
}

TEST(SettingValue, ChoicesAreListed) {
  EXPECT_EQ(refusal(parse_poison_rule, "skip"), "\"skip\" is none of stop_table, park, stop");
  EXPECT_EQ(parse_poison_rule("park"), PoisonRule::park);
  EXPECT_EQ(parse_poison_rule("stop"), PoisonRule::stop);
  EXPECT_EQ(parse_poison_rule("stop_table"), PoisonRule::stop_table);
  EXPECT_EQ(refusal(parse_log_level, "INFO"), "\"INFO\" is none of trace, debug, info, warn, error");
  EXPECT_EQ(refusal(parse_sslmode, "verify"),
            "\"verify\" is none of disable, allow, prefer, require, verify-ca, verify-full");
}

TEST(SettingValue, ListenAddresses) {
  EXPECT_EQ(parse_listen_address("127.0.0.1:9187"), "127.0.0.1:9187");
  EXPECT_EQ(parse_listen_address("[::1]:80"), "[::1]:80");
  for (const auto* text :
       {"9187", ":9187", "host", "host:", "host:0", "host:65536", "::1:80", "http://h:80", "h h:80", "[]:80"}) {
    EXPECT_NE(refusal(parse_listen_address, text), "") << text;
  }
}

TEST(SettingValue, SchemasThatBelongToOthersAreRefused) {
  EXPECT_EQ(parse_mirror_schema("no"), "no");
  EXPECT_EQ(parse_mirror_schema("Mein Schema"), "Mein Schema");
  for (const auto* text : {"pgmirror", "pg_catalog", "information_schema"})
    EXPECT_NE(refusal(parse_mirror_schema, text), "") << text;
  EXPECT_EQ(parse_mirror_schema(std::string(63, 'a')).size(), 63U);
  EXPECT_NE(refusal(parse_mirror_schema, std::string(64, 'a')), "");
  EXPECT_EQ(refusal(parse_mirror_schema, "a\nb"), "holds a control character or a newline");
  EXPECT_EQ(refusal(parse_mirror_schema, "caf\xe9"), "is not UTF-8");
}

TEST(SettingValue, TypesAndTheirEncodings) {
  EXPECT_NO_THROW(check_type_override({"numeric(10, 2)", ""}));
  EXPECT_NO_THROW(check_type_override({"timestamptz", "unix_ms"}));
  EXPECT_THROW(check_type_override({"", "unix"}), InvalidValue);
  EXPECT_THROW(check_type_override({"TIMESTAMPTZ", ""}), InvalidValue);
  EXPECT_THROW(check_type_override({"text; drop table x", ""}), InvalidValue);
  EXPECT_THROW(check_type_override({"timestamptz", "roman"}), InvalidValue);
  EXPECT_THROW(check_type_override({"jsonb", "unix"}), InvalidValue);
}

TEST(SettingValue, ListsAreSplitAtCommasOutsideQuotes) {
  EXPECT_EQ(split_list(" a , b,,\"c,d\", "), (std::vector<std::string>{"a", "b", "\"c,d\""}));
  EXPECT_TRUE(split_list(" , ").empty());
}

}  // namespace
}  // namespace pgmirror::config
