#include "config/table_rules.hpp"

#include <gtest/gtest.h>

#include "config/config_error.hpp"

namespace pgmirror::config {
namespace {

TableRules excluding(const std::vector<std::string>& tables, const std::vector<std::string>& columns = {}) {
  return TableRules({}, tables, columns);
}

std::vector<std::string> refusal(const std::vector<std::string>& tables, const std::vector<std::string>& columns = {}) {
  try {
    excluding(tables, columns);
  } catch (const ConfigError& error) {
    return error.messages();
  }
  return {};
}

TEST(TableRules, WithoutPatternsEverythingIsMirrored) {
  EXPECT_TRUE(TableRules().includes_table("", "users"));
  EXPECT_TRUE(TableRules().includes_column("", "users", "password"));
}

TEST(TableRules, StarMatchesAnyCharactersAndNone) {
  const TableRules rules = excluding({"audit_*"});
  EXPECT_FALSE(rules.includes_table("", "audit_log"));
  EXPECT_FALSE(rules.includes_table("", "audit_"));
  EXPECT_TRUE(rules.includes_table("", "audit"));
  EXPECT_TRUE(rules.includes_table("", "an_audit_log"));
}

TEST(TableRules, StarInTheMiddleFindsTheLastFit) {
  const TableRules rules = excluding({"a*b*c"});
  EXPECT_FALSE(rules.includes_table("", "abxbxc"));
  EXPECT_TRUE(rules.includes_table("", "abxbx"));
}

TEST(TableRules, QuestionMarkMatchesOneCharacterOfUtf8) {
  const TableRules rules = excluding({"caf?"});
  EXPECT_FALSE(rules.includes_table("", "café"));
  EXPECT_FALSE(rules.includes_table("", "cafe"));
  EXPECT_TRUE(rules.includes_table("", "caf"));
  EXPECT_TRUE(rules.includes_table("", "cafés"));
  EXPECT_TRUE(excluding({"*??"}).includes_table("", "€"));
}

TEST(TableRules, CaseMatters) { EXPECT_TRUE(excluding({"Users"}).includes_table("", "users")); }

TEST(TableRules, PatternWithoutSchemaMatchesInEverySchema) {
  const TableRules rules = excluding({"sessions"});
  EXPECT_FALSE(rules.includes_table("", "sessions"));
  EXPECT_FALSE(rules.includes_table("billing", "sessions"));
}

TEST(TableRules, PatternWithSchemaMatchesThereOnly) {
  const TableRules rules = excluding({"billing.audit_*"});
  EXPECT_FALSE(rules.includes_table("billing", "audit_log"));
  EXPECT_TRUE(rules.includes_table("public", "audit_log"));
  EXPECT_TRUE(rules.includes_table("", "audit_log"));
}

TEST(TableRules, StarDoesNotReachAcrossTheDot) {
  EXPECT_TRUE(excluding({"bill*log"}).includes_table("billing", "audit_log"));
}

TEST(TableRules, QuotedNameMayHoldDotsStarsAndQuotes) {
  EXPECT_FALSE(excluding({"\"a.b\""}).includes_table("", "a.b"));
  EXPECT_FALSE(excluding({"\"a*\""}).includes_table("", "a*"));
  EXPECT_TRUE(excluding({"\"a*\""}).includes_table("", "ab"));
  EXPECT_FALSE(excluding({"\"say \"\"hi\"\"\""}).includes_table("", "say \"hi\""));
  EXPECT_FALSE(excluding({"billing.\"a.b\""}).includes_table("billing", "a.b"));
}

TEST(TableRules, OnlyIncludedTablesAreMirrored) {
  const TableRules rules({"users", "shop_*"}, {"shop_carts"}, {});
  EXPECT_TRUE(rules.includes_table("", "users"));
  EXPECT_TRUE(rules.includes_table("", "shop_orders"));
  EXPECT_FALSE(rules.includes_table("", "logs"));
  EXPECT_FALSE(rules.includes_table("", "shop_carts")) << "excluded beats included";
}

TEST(TableRules, ColumnsAreExcludedByTableAndSchema) {
  const TableRules rules = excluding({}, {"users.password_*", "billing.cards.number"});
  EXPECT_FALSE(rules.includes_column("", "users", "password_digest"));
  EXPECT_TRUE(rules.includes_column("", "users", "email"));
  EXPECT_TRUE(rules.includes_column("", "admins", "password_digest"));
  EXPECT_FALSE(rules.includes_column("billing", "cards", "number"));
  EXPECT_TRUE(rules.includes_column("public", "cards", "number"));
  EXPECT_TRUE(rules.includes_table("", "users"));
}

TEST(TableRules, PatternsThatCanMatchNothingAreRefusedAllAtOnce) {
  const auto messages = refusal({"a..b", "\"open", "x.y.z", "fine"}, {"password"});
  ASSERT_EQ(messages.size(), 4U);
  EXPECT_EQ(messages[0], "pattern \"a..b\" has an empty part; write TABLE or SCHEMA.TABLE");
  EXPECT_EQ(messages[1], "pattern \"\"open\" has a double quote that does not end; write TABLE or SCHEMA.TABLE");
  EXPECT_EQ(messages[2],
            "pattern \"x.y.z\" has too many parts; put names that contain dots in double quotes; write TABLE or "
            "SCHEMA.TABLE");
  EXPECT_EQ(messages[3], "pattern \"password\" has too few parts; write TABLE.COLUMN or SCHEMA.TABLE.COLUMN");
}

TEST(TableRules, HalfQuotedPartsAreRefused) {
  EXPECT_EQ(refusal({"a\"b\""}).size(), 1U);
  EXPECT_EQ(refusal({"\"a\"b"}).size(), 1U);
  EXPECT_EQ(refusal({""}).size(), 1U);
  EXPECT_EQ(refusal({"\"\""}).size(), 1U);
}

TEST(TableRules, PatternsThatMatchNothingInTheStoreAreFound) {
  const TableRules rules({}, {"sessions", "Users"}, {"users.password", "users.pin"});
  const std::vector<KnownTable> tables{{"", "users", {"id", "pin"}}, {"", "sessions", {"id"}}};
  EXPECT_EQ(rules.patterns_without_match(tables), (std::vector<std::string>{"Users", "users.password"}));
}

TEST(TableRules, PartitionsAreKeptOnlyWhereAPatternSaysSo) {
  const TableRules rules({}, {"old"}, {}, {"measures_*", "billing.invoices"});
  EXPECT_TRUE(rules.keeps_partitions("public", "measures_eu"));
  EXPECT_TRUE(rules.keeps_partitions("billing", "invoices"));
  EXPECT_FALSE(rules.keeps_partitions("public", "invoices"));
  EXPECT_FALSE(TableRules().keeps_partitions("public", "measures_eu"));
  EXPECT_TRUE(rules.includes_table("public", "measures_eu"));
  EXPECT_EQ(rules.patterns_without_match({{"public", "measures_eu", {"id"}}, {"public", "old", {"id"}}}),
            (std::vector<std::string>{"billing.invoices"}));
  EXPECT_EQ(rules.describe().back(),
            "tables that are partitioned in the mirror as in the source: measures_*, billing.invoices");
}

TEST(TableRules, SayWhatTheyMean) {
  EXPECT_EQ(TableRules().describe(), (std::vector<std::string>{"all tables are mirrored"}));
  EXPECT_EQ(TableRules({"a", "b"}, {"c"}, {"a.d"}).describe(),
            (std::vector<std::string>{"only these tables are mirrored: a, b", "tables that never leave the source: c",
                                      "columns that never leave the source: a.d"}));
}

}  // namespace
}  // namespace pgmirror::config
