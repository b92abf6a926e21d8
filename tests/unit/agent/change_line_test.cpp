#include "agent/change_line.hpp"

#include <gtest/gtest.h>

#include <array>

namespace pgmirror::agent {
namespace {

using change::Value;

class ChangeLine : public testing::Test {
 protected:
  change::RelationPtr users_ = std::make_shared<change::Relation>(
      change::Relation{.schema = "", .name = "users", .columns = {{.name = "id"}, {.name = "name"}}, .key = {0}});
  std::array<Value, 2> row_{Value::integer(42), Value::text("O'Hara\n")};
};

TEST_F(ChangeLine, ShowsKeysOnly) {
  EXPECT_EQ(change_line(change::RowChange{change::RowOperation::update, users_, {}, row_}, ShownCells::key),
            "update users#42");
}

TEST_F(ChangeLine, ShowsRowsWhereThatWasAskedFor) {
  EXPECT_EQ(change_line(change::RowChange{change::RowOperation::insert, users_, {}, row_}, ShownCells::all),
            "insert users#42 {id: 42, name: 'O'Hara\\x0a'}");
}

TEST_F(ChangeLine, ShowsBothKeysWhereTheKeyChanged) {
  const std::array<Value, 2> old{Value::integer(7), Value::unchanged()};
  EXPECT_EQ(change_line(change::RowChange{change::RowOperation::update, users_, old, row_}, ShownCells::key),
            "update users#7 -> #42");
  EXPECT_EQ(change_line(change::RowChange{change::RowOperation::remove, users_, old, {}}, ShownCells::all),
            "delete users#7");
}

TEST_F(ChangeLine, CutsLongCells) {
  const std::string text(5000, 'x');
  row_[1] = Value::text(text);
  const std::string line =
      change_line(change::RowChange{change::RowOperation::insert, users_, {}, row_}, ShownCells::all);
  EXPECT_LT(line.size(), 300U);
  EXPECT_NE(line.find("(5000 bytes)"), std::string::npos);
}

TEST_F(ChangeLine, ShowsWhereTransactionsEnd) {
  EXPECT_EQ(change_line(queue::Begin{}, ShownCells::key), "begin");
  EXPECT_EQ(change_line(change::Commit{{0x2a00}, change::CommitTime{std::chrono::seconds{1}}}, ShownCells::key),
            "commit 0/2A00 1970-01-01T00:00:01.000Z");
  EXPECT_EQ(change_line(change::SchemaChange{.before = nullptr, .after = users_}, ShownCells::key),
            "create table users");
}

}  // namespace
}  // namespace pgmirror::agent
