#include "capture/postgres/catalog_memory.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temporary_directory.hpp"

namespace pgmirror::capture::postgres {
namespace {

CatalogPicture picture() {
  CatalogPicture picture;
  CatalogTable& table = picture.tables.emplace_back();
  table.oid = 4000000000U;
  table.schema = "a,b";
  table.name = std::string("new\nline 3:") + '"';
  table.replica_identity = 'i';
  table.identity_index = {2, 1};
  table.primary_key = {1};
  table.leaves = {{.oid = 5, .file = 6, .born_as_leaf = true}};
  CatalogColumn& column = table.columns.emplace_back();
  column.number = 3;
  column.default_sql = "''::text";
  column.missing_value = "";
  column.written_by = "77";
  table.columns.emplace_back().default_sql = std::nullopt;
  ScriptedObject& object = picture.objects.emplace_back();
  object.node = {1259, 8};
  object.table = 5;
  object.statement = {.stage = change::SchemaStatement::Stage::after_data,
                      .kind = "index",
                      .schema = "s",
                      .name = "n",
                      .sql = "CREATE INDEX",
                      .required = true};
  object.undo = "DROP";
  return picture;
}

TEST(CatalogMemory, APictureComesBackAsItWas) {
  const CatalogPicture back = picture_of(to_bytes(picture()));
  EXPECT_EQ(to_bytes(back), to_bytes(picture()));
  ASSERT_EQ(back.tables.size(), 1U);
  EXPECT_EQ(back.tables[0].oid, 4000000000U);
  EXPECT_EQ(back.tables[0].name, picture().tables[0].name);
  EXPECT_EQ(back.tables[0].columns, picture().tables[0].columns);
  EXPECT_EQ(back.tables[0].leaves, picture().tables[0].leaves);
  EXPECT_EQ(back.objects[0].statement, picture().objects[0].statement);
  EXPECT_EQ(back.objects[0].undo, "DROP");
}

TEST(CatalogMemory, EveryTornFileIsRefused) {
  const std::string bytes = to_bytes(picture());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THROW(picture_of(std::string_view(bytes).substr(0, size)), std::runtime_error) << size;
  }
  EXPECT_THROW(picture_of(bytes + "1,"), std::runtime_error);
}

TEST(CatalogMemory, TheFileIsReplacedAsAWhole) {
  const tests::TemporaryDirectory directory;
  const auto file = directory / "catalog";
  EXPECT_FALSE(recall_picture(file));
  keep_picture(file, {});
  keep_picture(file, picture());
  EXPECT_EQ(to_bytes(recall_picture(file).value()), to_bytes(picture()));
  EXPECT_EQ(std::filesystem::status(file).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  std::ofstream(file) << "something else";
  EXPECT_THROW(recall_picture(file), std::runtime_error);
}

TEST(CatalogMemory, AFileOfAnotherVersionIsAPictureWithoutTables) {
  const tests::TemporaryDirectory directory;
  const auto file = directory / "catalog";
  std::ofstream(file) << "pgmirror catalog 0\nwhatever stood there";
  EXPECT_TRUE(recall_picture(file).value().tables.empty());
}

}  // namespace
}  // namespace pgmirror::capture::postgres
