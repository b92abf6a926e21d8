#include "libpq/identifier.hpp"

#include <gtest/gtest.h>

namespace pgmirror::libpq {
namespace {

TEST(Identifier, IsAlwaysQuoted) {
  EXPECT_EQ(quote_identifier("users"), "\"users\"");
  EXPECT_EQ(quote_identifier("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(qualified("My Schema", "select"), "\"My Schema\".\"select\"");
}

TEST(Identifier, KeepsItsFirst63Bytes) {
  const std::string fits(63, 'x');
  EXPECT_EQ(mirror_identifier(fits), fits);
  const std::string one = mirror_identifier(fits + "1");
  const std::string two = mirror_identifier(fits + "2");
  EXPECT_EQ(one.size(), 63U);
  EXPECT_NE(one, two);
  EXPECT_EQ(one, mirror_identifier(fits + "1"));
  EXPECT_EQ(one.substr(0, 54), fits.substr(0, 54));
}

TEST(Identifier, IsNotCutInsideACharacter) {
  std::string name;
  for (int i = 0; i < 30; ++i) name += "☃";
  const std::string cut = mirror_identifier(name);
  EXPECT_EQ(cut.substr(0, 54), name.substr(0, 54));
  EXPECT_EQ(mirror_identifier("x" + name).substr(0, 52), ("x" + name).substr(0, 52));
}

TEST(Identifier, HasNamesThatStayTheSameForEver) {
  EXPECT_EQ(mirror_identifier(std::string(70, 'x')), std::string(54, 'x') + "_c07d9e28");
}

TEST(Identifier, OfAColumnIsNeverThatOfASystemColumn) {
  EXPECT_EQ(mirror_column("xmin"), "xmin_");
  EXPECT_EQ(quote_column("ctid"), "\"ctid_\"");
  EXPECT_EQ(mirror_column("oid"), "oid");
  EXPECT_EQ(mirror_column("XMIN"), "XMIN");
  EXPECT_EQ(mirror_identifier("xmin"), "xmin");
}

TEST(Identifier, RefusesWhatPostgreSqlCannotHave) {
  EXPECT_THROW(mirror_identifier(""), IdentifierError);
  EXPECT_THROW(mirror_identifier(std::string_view("a\0b", 3)), IdentifierError);
  EXPECT_THROW(mirror_identifier("\xFF"), IdentifierError);
}

TEST(Literal, SurvivesQuotesAndBackslashes) {
  EXPECT_EQ(quote_literal("it's"), "'it''s'");
  EXPECT_EQ(quote_literal("a\\'b"), " E'a\\\\''b'");
  EXPECT_THROW(quote_literal(std::string_view("\0", 1)), IdentifierError);
}

}  // namespace
}  // namespace pgmirror::libpq
