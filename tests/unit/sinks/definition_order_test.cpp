#include "sinks/postgres/definition_order.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace pgmirror::sinks::postgres {
namespace {

change::RelationPtr table(const std::string& name) {
  if (name.empty()) return nullptr;
  change::Relation relation;
  relation.name = name;
  return std::make_shared<const change::Relation>(std::move(relation));
}

/// `a>b` renames, `a>` drops, `>b` creates, `a>a` alters.
using Steps = std::vector<std::string>;

Steps ordered(const std::set<std::string>& standing, const Steps& steps) {
  std::vector<Definition> definitions;
  for (const std::string& step : steps) {
    const std::size_t arrow = step.find('>');
    definitions.push_back({.change = {table(step.substr(0, arrow)), table(step.substr(arrow + 1))}});
  }
  Steps out;
  for (const Definition& one :
       in_safe_order(definitions, [&](const change::Relation& relation) { return standing.contains(relation.name); })) {
    out.push_back((one.change.before ? one.change.before->name : "") + ">" +
                  (one.change.after ? one.change.after->name : ""));
  }
  return out;
}

TEST(DefinitionOrder, KeepsWhatIsSafeAlready) {
  const Steps steps{"a>", "b>b", "c>d", ">c"};
  EXPECT_EQ(ordered({"a", "b", "c"}, steps), steps);
}

TEST(DefinitionOrder, LetsATableLeaveItsNameBeforeAnotherTakesIt) {
  EXPECT_EQ(ordered({"a", "b"}, {"a>b", "b>c"}), (Steps{"b>c", "a>b"}));
  EXPECT_EQ(ordered({"a", "b", "c"}, {">a", "a>b", "b>c", "c>"}), (Steps{"c>", "b>c", "a>b", ">a"}));
}

TEST(DefinitionOrder, FollowsOneTableThroughSeveralNames) {
  EXPECT_EQ(ordered({"a"}, {"a>b", "b>c", "c>d"}), (Steps{"a>b", "b>c", "c>d"}));
}

TEST(DefinitionOrder, LetsTablesThatExchangeNamesStepAside) {
  EXPECT_EQ(ordered({"a", "b"}, {"a>b", "b>a"}), (Steps{"a>pgmirror_renaming_0", "b>a", "pgmirror_renaming_0>b"}));
  EXPECT_EQ(ordered({"a", "b", "c", "d", "e"}, {"a>b", "b>c", "c>a", "d>e", "e>d"}),
            (Steps{"a>pgmirror_renaming_0", "c>a", "b>c", "pgmirror_renaming_0>b", "d>pgmirror_renaming_1", "e>d",
                   "pgmirror_renaming_1>e"}));
}

TEST(DefinitionOrder, KeepsWhoseRowsComeAgain) {
  const auto in_order = in_safe_order({{.change = {table("a"), table("b")}, .rows_come_again = true},
                                       {.change = {table("b"), table("a")}, .rows_come_again = false}},
                                      [](const change::Relation&) { return true; });
  ASSERT_EQ(in_order.size(), 3U);
  EXPECT_FALSE(in_order[0].rows_come_again) << "a step aside is no change of content";
  EXPECT_FALSE(in_order[1].rows_come_again);
  EXPECT_TRUE(in_order[2].rows_come_again);
  EXPECT_EQ(in_order[2].table->name, "a") << "whoever reads of it knows it by its own name";
}

TEST(DefinitionOrder, EndsWhereANameIsTakenForGood) {
  EXPECT_EQ(ordered({"a", "b"}, {">a", ">b"}), (Steps{">a", ">b"}));
  EXPECT_EQ(ordered({"a", "b"}, {"a>b"}), (Steps{"a>pgmirror_renaming_0", "pgmirror_renaming_0>b"}));
}

}  // namespace
}  // namespace pgmirror::sinks::postgres
