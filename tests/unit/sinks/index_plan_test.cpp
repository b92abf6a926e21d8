#include "sinks/postgres/index_plan.hpp"

#include <gtest/gtest.h>

#include "tests/unit/sinks/sample_table.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using change::TypeFamily;

change::Index index(std::vector<std::string> columns, std::vector<std::string> collations = {}) {
  change::Index made;
  made.name = "t_i";
  made.columns = std::move(columns);
  made.collations = std::move(collations);
  made.definition = "CREATE INDEX t_i";
  return made;
}

TEST(IndexPlan, SaysWhatToMakeOrWhyNot) {
  const MirrorTable table = sample_table({{"id", TypeFamily::integer}, {"name", TypeFamily::text}});
  EXPECT_EQ(plan_index(table, index({"name", "id"})).sql,
            "CREATE INDEX \"t_i\" ON \"public\".\"t\" (\"name\", \"id\")");
  EXPECT_EQ(plan_index(table, index({"name"}, {"nocase"})).sql,
            "CREATE INDEX \"t_i\" ON \"public\".\"t\" (pg_catalog.lower(\"name\" COLLATE pg_catalog.\"C\"))");
  // A number has no case.
  EXPECT_EQ(plan_index(table, index({"id"}, {"NOCASE"})).sql, "CREATE INDEX \"t_i\" ON \"public\".\"t\" (\"id\")");
  for (const change::Index& left_out :
       {index({}), index({"absent"}), index({"name"}, {"RTRIM"}), index({"name"}, {"unicode"})}) {
    const ObjectPlan plan = plan_index(table, left_out);
    EXPECT_TRUE(plan.sql.empty());
    EXPECT_NE(plan.reason.find("t_i"), std::string::npos);
  }
}

TEST(IndexPlan, TheKeyNeedsNoSecondIndex) {
  const MirrorTable table = sample_table({{"id", TypeFamily::integer}});
  change::Index unique = index({"id"});
  unique.unique = true;
  const ObjectPlan plan = plan_index(table, unique);
  EXPECT_TRUE(plan.sql.empty());
  EXPECT_TRUE(plan.reason.empty());
}

TEST(ForeignKeyPlan, NeedsAUniqueIndexOfTheSameTypes) {
  const MirrorTable child =
      sample_table({{"id", TypeFamily::integer}, {"parent", TypeFamily::integer}, {"code", TypeFamily::text}});
  CatalogTable parent;
  parent.columns = {{"id", {20, -1, "bigint"}, true}, {"code", {20, -1, "bigint"}}};
  const change::ForeignKey key{{"parent"}, "", "p", {"id"}};
  EXPECT_NE(plan_foreign_key(child, key, "p", &parent).reason.find("unique index"), std::string::npos);
  CatalogIndex primary;
  primary.columns = {"id"};
  primary.unique = true;
  parent.indexes = {primary};
  EXPECT_EQ(
      plan_foreign_key(child, key, "p", &parent).sql,
      "ALTER TABLE \"public\".\"t\" ADD CONSTRAINT \"t_parent_fkey\" FOREIGN KEY (\"parent\") REFERENCES p (\"id\") "
      "DEFERRABLE INITIALLY DEFERRED");
  EXPECT_NE(plan_foreign_key(child, {{"code"}, "", "p", {"code"}}, "p", &parent).reason.find("code is text"),
            std::string::npos);
  EXPECT_NE(plan_foreign_key(child, key, "", nullptr).reason.find("not mirrored"), std::string::npos);
}

}  // namespace
}  // namespace pgmirror::sinks::postgres
