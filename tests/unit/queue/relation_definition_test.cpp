#include "queue/relation_definition.hpp"

#include <gtest/gtest.h>

#include "queue/wire.hpp"

namespace pgmirror::queue {
namespace {

change::Relation everything() {
  change::Relation relation;
  relation.schema = "shop";
  relation.name = "orders \"x\"";
  relation.columns.push_back({.name = change::Relation::row_id_column, .declared_type = ""});
  relation.columns.push_back(
      {.name = "id", .declared_type = "BIGINT", .family = change::TypeFamily::integer, .not_null = true});
  relation.columns.push_back({.name = "sum",
                              .declared_type = "numeric(10,2)",
                              .family = change::TypeFamily::native,
                              .generated = true,
                              .default_sql = "",
                              .collation = "C"});
  relation.key = {1, 2};
  relation.identity = change::ReplicaIdentity::full;
  relation.has_row_id = true;
  relation.indexes.push_back({"i", true, {"id", "sum"}, "id > 0", "create index", {"", "NOCASE"}});
  relation.indexes.push_back({"expression", false, {}, "", "create index on lower(x)", {}});
  relation.foreign_keys.push_back({{"id"}, "s", "t", {"k"}});
  return relation;
}

TEST(RelationDefinition, ComesBackWhole) {
  for (const auto& relation : {everything(), change::Relation{.schema = "", .name = "t", .columns = {}, .key = {}}}) {
    ByteBuffer bytes;
    append_definition(bytes, relation);
    EXPECT_EQ(parse_definition(bytes.view()), relation);
  }
}

TEST(RelationDefinition, TellsAnEmptyDefaultFromNone) {
  auto with = everything();
  auto without = everything();
  without.columns[2].default_sql.reset();
  ByteBuffer with_bytes;
  ByteBuffer without_bytes;
  append_definition(with_bytes, with);
  append_definition(without_bytes, without);
  EXPECT_TRUE(parse_definition(with_bytes.view()).columns[2].default_sql.has_value());
  EXPECT_FALSE(parse_definition(without_bytes.view()).columns[2].default_sql.has_value());
}

TEST(RelationDefinition, RefusesWhatIsCutOffOrTooLong) {
  ByteBuffer bytes;
  append_definition(bytes, everything());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THROW(parse_definition(bytes.view().substr(0, size)), wire::Malformed) << size;
  }
  bytes.append("x");
  EXPECT_THROW(parse_definition(bytes.view()), wire::Malformed);
}

}  // namespace
}  // namespace pgmirror::queue
