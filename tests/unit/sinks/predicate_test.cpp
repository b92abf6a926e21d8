#include "sinks/postgres/predicate.hpp"

#include <gtest/gtest.h>

#include "tests/unit/sinks/sample_table.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using change::TypeFamily;

const MirrorTable& table() {
  static const MirrorTable table = sample_table({{"id", TypeFamily::integer},
                                                 {"active", TypeFamily::boolean, "boolean"},
                                                 {"name", TypeFamily::text},
                                                 {"any", TypeFamily::any},
                                                 {"my col", TypeFamily::integer}});
  return table;
}

TEST(Predicate, IsTranslatedWhereBothMeanTheSame) {
  const auto translated = [](const char* sql) { return translate_predicate(table(), sql).value_or("(none)"); };
  EXPECT_EQ(translated("name IS NOT NULL"), "\"name\" IS NOT NULL");
  EXPECT_EQ(translated("\"any\" isnull"), "\"any\" IS NULL");
  EXPECT_EQ(translated("active = 1 AND (ID > -5)"), "\"active\" = true AND (\"id\" > -5)");
  EXPECT_EQ(translated("[my col]==7"), "\"my col\" = 7");
  EXPECT_EQ(translated("NOT active and id"), "NOT \"active\" AND \"id\" <> 0");
  EXPECT_EQ(translated("name != 'it''s'"), "\"name\" <> 'it''s'::text");
}

TEST(Predicate, IsRefusedWhereTheyDoNot) {
  for (const char* sql : {"name > 'a'", "any = 5", "id = 1 OR id = 2", "length(name) > 3", "absent IS NULL",
                          "id IN (1, 2)", "name LIKE 'a%'", "id = name", "id = 1 +", "NOT id = 1", "active = 2",
                          "name = 'open", "id BETWEEN 1 AND 2", "id IS 5", "", "id = NULL", "(id = 1"}) {
    EXPECT_FALSE(translate_predicate(table(), sql).has_value()) << sql;
  }
}

}  // namespace
}  // namespace pgmirror::sinks::postgres
