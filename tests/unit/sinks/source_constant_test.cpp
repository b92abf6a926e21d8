#include "sinks/postgres/source_constant.hpp"

#include <gtest/gtest.h>

namespace pgmirror::sinks::postgres {
namespace {

using change::TypeFamily;
using change::Value;

Value constant(const SourceConstant& constant) { return constant.value(); }

TEST(SourceConstant, IsReadAsSqliteReadsIt) {
  EXPECT_EQ(constant(*read_constant("NULL")), Value::null());
  EXPECT_EQ(constant(*read_constant(" (-5) ")), Value::integer(-5));
  EXPECT_EQ(constant(*read_constant("+7")), Value::integer(7));
  EXPECT_EQ(constant(*read_constant("1.5e3")), Value::real(1500));
  EXPECT_EQ(constant(*read_constant("9223372036854775808")), Value::real(9223372036854775808.0));
  EXPECT_EQ(constant(*read_constant("true")), Value::integer(1));
  EXPECT_EQ(read_constant("'it''s'")->bytes, "it's");
  EXPECT_EQ(read_constant("x'00FF'")->bytes, std::string("\0\xFF", 2));
  EXPECT_EQ(read_constant("''")->kind, change::ValueKind::text);
}

TEST(SourceConstant, IsNoExpression) {
  for (const char* expression :
       {"", "CURRENT_TIMESTAMP", "upper('x')", "'a' || 'b'", "1 + 1", "x'0'", "x'zz'", "'open", "(1)+(2)", "-"}) {
    EXPECT_FALSE(read_constant(expression).has_value()) << expression;
  }
}

TEST(SourceConstant, TakesTheColumnsAffinity) {
  const auto stored = [](const char* sql, TypeFamily family) { return *stored_in(*read_constant(sql), family); };
  EXPECT_EQ(stored("'7'", TypeFamily::integer).integer, 7);
  EXPECT_EQ(stored("1.0", TypeFamily::integer).kind, change::ValueKind::integer);
  EXPECT_EQ(stored("1.5", TypeFamily::integer).kind, change::ValueKind::real);
  EXPECT_EQ(stored("1", TypeFamily::real).kind, change::ValueKind::real);
  EXPECT_EQ(stored("5", TypeFamily::text).bytes, "5");
  EXPECT_EQ(stored("'abc'", TypeFamily::integer).bytes, "abc");
  EXPECT_EQ(stored("'5'", TypeFamily::blob).kind, change::ValueKind::text);
  EXPECT_EQ(stored("1.5", TypeFamily::text).bytes, "1.5");
  EXPECT_EQ(stored("-20.0", TypeFamily::text).bytes, "-20.0");
  EXPECT_EQ(stored("1e3", TypeFamily::text).bytes, "1000.0");
  EXPECT_FALSE(stored_in(*read_constant("1e20"), TypeFamily::text).has_value());
  EXPECT_FALSE(stored_in(*read_constant("0.00001"), TypeFamily::text).has_value());
}

std::optional<std::string> clause(const char* sql, TypeFamily family, const std::string& type = "") {
  change::Column column;
  column.family = family;
  column.default_sql = sql;
  const config::TypeOverride wanted{type, ""};
  return default_clause(column, choose_type(column, nullptr, type.empty() ? nullptr : &wanted));
}

TEST(DefaultClause, IsSaidInTheTypeOfTheMirror) {
  EXPECT_EQ(clause("'7'", TypeFamily::integer), "7");
  EXPECT_EQ(clause("1", TypeFamily::boolean, "boolean"), "true");
  EXPECT_EQ(clause("0.5", TypeFamily::real), "'0.5'::double precision");
  EXPECT_EQ(clause("'it''s'", TypeFamily::text), "'it''s'::text");
  EXPECT_EQ(clause("CURRENT_TIMESTAMP", TypeFamily::datetime, "timestamptz"), "pg_catalog.now()");
}

TEST(DefaultClause, IsLeftOutWhereItCannotBeSaid) {
  EXPECT_FALSE(clause("NULL", TypeFamily::integer).has_value());
  EXPECT_FALSE(clause("'many'", TypeFamily::integer).has_value());
  EXPECT_FALSE(clause("(random())", TypeFamily::integer).has_value());
  EXPECT_FALSE(clause("2", TypeFamily::boolean, "boolean").has_value());
  EXPECT_FALSE(clause("'2024-01-01'", TypeFamily::datetime, "timestamptz").has_value());
}

}  // namespace
}  // namespace pgmirror::sinks::postgres
