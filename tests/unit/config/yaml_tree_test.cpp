#include "config/yaml_tree.hpp"

#include <gtest/gtest.h>

#include "config/config_error.hpp"

namespace pgmirror::config {
namespace {

std::string refusal(std::string_view text) {
  try {
    parse_yaml(text, "f.yaml");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return {};
}

TEST(YamlTree, KeepsScalarsAsTheyAreWritten) {
  const YamlNode root = parse_yaml("a: no\nb: 0x10\nc: '1.0'\nd: \"x: #y\"\ne: ~\n", "f.yaml");
  ASSERT_EQ(root.entries.size(), 5U);
  EXPECT_EQ(root.entries[0].value.text, "no");
  EXPECT_EQ(root.entries[1].value.text, "0x10");
  EXPECT_EQ(root.entries[2].value.text, "1.0");
  EXPECT_EQ(root.entries[3].value.text, "x: #y");
  EXPECT_EQ(root.entries[4].value.kind, YamlNode::Kind::null);
}

TEST(YamlTree, CountsLinesAndColumnsFromOne) {
  const YamlNode root = parse_yaml("a:\n  b: c\n", "f.yaml");
  const YamlEntry& b = root.entries[0].value.entries[0];
  EXPECT_EQ(b.line, 2);
  EXPECT_EQ(b.column, 3);
  EXPECT_EQ(b.value.column, 6);
}

TEST(YamlTree, NothingButCommentsIsAnEmptyMap) {
  EXPECT_EQ(parse_yaml("", "f").kind, YamlNode::Kind::map);
  EXPECT_EQ(parse_yaml("# only this\n", "f").kind, YamlNode::Kind::map);
  EXPECT_EQ(parse_yaml("---\n", "f").kind, YamlNode::Kind::map);
}

TEST(YamlTree, AcceptsAByteOrderMarkAndWindowsLineEnds) {
  const YamlNode root = parse_yaml(
      "\xef\xbb\xbf"
      "a: b\r\nc: d\r\n",
      "f");
  ASSERT_EQ(root.entries.size(), 2U);
  EXPECT_EQ(root.entries[0].key, "a");
  EXPECT_EQ(root.entries[1].value.text, "d");
}

TEST(YamlTree, RefusesAKeyThatStandsTwiceWithBothLines) {
  EXPECT_EQ(refusal("pool: 1\nport: 2\npool: 3\n"),
            "f.yaml:3:1: key \"pool\" stands twice in one map, first in line 1; keep one");
  EXPECT_EQ(refusal("a: {x: 1, x: 2}\n"), "f.yaml:1:11: key \"x\" stands twice in one map, first in line 1; keep one");
  EXPECT_EQ(refusal("a: {x: 1}\nb: {x: 1}\n"), "");
}

TEST(YamlTree, ReportsEveryDuplicate) {
  EXPECT_EQ(refusal("a: 1\na: 2\nb: 1\nb: 2\n"),
            "f.yaml:2:1: key \"a\" stands twice in one map, first in line 1; keep one\n"
            "f.yaml:4:1: key \"b\" stands twice in one map, first in line 3; keep one");
}

TEST(YamlTree, RefusesAliasesBeforeTheyMultiply) {
  EXPECT_EQ(refusal("a: &x [1]\nb: [*x, *x]\n"), "f.yaml:1:4: anchors are not supported; write the value out");
  EXPECT_EQ(refusal("a: *x\n"), "f.yaml:1:4: not valid YAML: the referenced anchor is not defined");
}

TEST(YamlTree, RefusesTags) {
  EXPECT_EQ(refusal("a: !!binary aGk=\n"), "f.yaml:1:4: tags are not supported; write the plain value");
  EXPECT_NE(refusal("a: !!map {}\n"), "");
  EXPECT_NE(refusal("a: !mine [1]\n"), "");
  EXPECT_EQ(refusal("a: ! \"x\"\n"), "f.yaml:1:4: tags are not supported; write the plain value");
}

TEST(YamlTree, RefusesASecondDocument) { EXPECT_NE(refusal("a: 1\n---\nb: 2\n"), ""); }

TEST(YamlTree, RefusesNulBytesAndOtherEncodings) {
  EXPECT_EQ(refusal(std::string_view("a: b\0c\n", 7)), "f.yaml:1:5: NUL byte; the file must be UTF-8 text");
  EXPECT_EQ(refusal("a: 1\nb: caf\xe9\n"), "f.yaml:2:7: not UTF-8; save the file as UTF-8 text");
  EXPECT_NE(refusal(std::string_view("\xff\xfe"
                                     "a\0:\0",
                                     6)),
            "");
  EXPECT_NE(refusal("a: \"x\\0y\"\n"), "") << "a NUL can also be written as an escape";
}

TEST(YamlTree, RefusesTabsInTheIndentationOnly) {
  EXPECT_EQ(refusal("a:\n\tb: 1\n"), "f.yaml:2:1: tab in the indentation; YAML wants spaces");
  EXPECT_EQ(refusal("a:\n  \tb: 1\n"), "f.yaml:2:3: tab in the indentation; YAML wants spaces");
  EXPECT_EQ(refusal("a: 1\t# with a tab\n\t# comment\n\t\n"), "");
}

TEST(YamlTree, ReportsSyntaxErrorsWhereTheyAre) {
  EXPECT_TRUE(refusal("a: [1, 2\nb: 3\n").starts_with("f.yaml:2:"));
  EXPECT_TRUE(refusal("a: b: c\n").starts_with("f.yaml:1:"));
}

TEST(YamlTree, RefusesQuotesThatDoNotEnd) {
  EXPECT_EQ(refusal("a: \"open\n"), "f.yaml:1:4: quote does not end");
  EXPECT_EQ(refusal("é: 'it''s\nb: 1\n"), "f.yaml:1:5: quote does not end");
  EXPECT_EQ(refusal("a: \"\\\"\n"), "f.yaml:1:4: quote does not end");
  EXPECT_EQ(refusal("é: [\"ü\", 'ü''ü', \"\\\"\"]\r\nb: \"\"\n"), "");
}

TEST(YamlTree, RefusesATopThatIsNoMap) {
  EXPECT_EQ(refusal("- a\n"), "f.yaml:1:1: the top of the file must be keys and values");
  EXPECT_NE(refusal("just text\n"), "");
}

TEST(YamlTree, RefusesKeysThatAreNotText) {
  EXPECT_NE(refusal("? [a]\n: b\n"), "");
  EXPECT_NE(refusal("~: b\n"), "");
}

TEST(YamlTree, EndsOnDeepNesting) {
  const std::string deep(100'000, '[');
  EXPECT_NE(refusal("a: " + deep), "");
}

}  // namespace
}  // namespace pgmirror::config
