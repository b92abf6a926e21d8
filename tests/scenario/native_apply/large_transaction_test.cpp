#include <fmt/format.h>

#include "tests/scenario/native_apply/native_apply.hpp"

namespace pgmirror::tests {
namespace {

/// More rows than are sent at once.
constexpr int many = 21'000;

/// `id` the key, `code` unique, `at` a moment, `note` that may be NULL.
class LargeTransaction : public NativeApply {
 protected:
  LargeTransaction() {
    std::vector<Printed> rows;
    for (int id = 1; id <= many; ++id) rows.push_back(row(id, id, "first"));
    native_.script({.stage = change::SchemaStatement::Stage::after_data,
                    .kind = "unique index",
                    .schema = "app",
                    .name = "item_code",
                    .sql = "CREATE UNIQUE INDEX item_code ON app.item (code)"});
    items_ = native_.table("item",
                           {{"id", "bigint"},
                            {"code", "integer"},
                            {"at", "timestamp with time zone"},
                            {"label", "character(4)"},
                            {"note", "text"}},
                           {0}, std::move(rows));
  }

  static Printed row(int id, int code, const std::string& note) {
    return {std::to_string(id), std::to_string(code), fmt::format("2026-11-20 10:{:02}:00.25+00", id % 60), "ab  ",
            note.empty() ? std::optional<std::string>{} : note};
  }

  void update_all() {
    native_.transaction([&] {
      for (int id = 1; id <= many; ++id) native_.update(items_, row(id, id, "first"), row(id, id, ""));
    });
  }

  change::RelationPtr items_;
};

TEST_F(LargeTransaction, ChangesRowsInEveryWay) {
  start_and_copy();
  native_.transaction([&] {
    for (int id = 1; id <= many; ++id) {
      if (id % 7 == 0) {
        native_.remove(items_, row(id, id, "first"));
      } else if (id % 7 == 1) {
        native_.update(items_, row(id, id, "first"), row(id, id, "first"), {4});
      } else if (id % 7 == 2) {
        native_.update(items_, row(id, id, "first"), row(id + many, id, "moved"));
      } else {
        native_.update(items_, row(id, id, "first"), row(id, id, fmt::format("second {}", id)));
      }
    }
    for (int id = 1; id <= 3000; ++id) native_.insert(items_, row(id + 3 * many, id + 3 * many, ""));
  });
  native_.transaction([&] { native_.insert(items_, row(9 * many, 9 * many, "behind it")); });
  expect_exact(items_);
}

TEST_F(LargeTransaction, UniqueValuesChangeHands) {
  start_and_copy();
  native_.transaction([&] {
    for (int id = 1; id <= many; ++id) native_.update(items_, row(id, id, "first"), row(id, -id, "first"));
    for (int id = 1; id <= many; ++id) native_.update(items_, row(id, -id, "first"), row(id, many + 1 - id, "first"));
  });
  expect_exact(items_);
}

TEST_F(LargeTransaction, RowThatIsGoneComesBackAndIsCounted) {
  start_and_copy();
  tell("DELETE FROM app.item WHERE id = 5");
  update_all();
  ASSERT_TRUE(catches_up());
  EXPECT_EQ(status().drifted_rows, 1U);
  EXPECT_TRUE(holds_what_the_source_has(items_));
}

TEST_F(LargeTransaction, ColumnsOfTheMirrorKeepWhatTheyHold) {
  start_and_copy();
  tell("ALTER TABLE app.item ADD own text; UPDATE app.item SET own = 'kept ' || id");
  stop();
  start();
  update_all();
  expect_exact(items_);
  EXPECT_EQ(count("app.item WHERE own = 'kept ' || id"), many);
}

TEST_F(LargeTransaction, RowsThatPointAtChangedOnesStay) {
  connect_as_plain_owner();
  start_and_copy();
  tell(
      "CREATE TABLE app.remark (item bigint PRIMARY KEY REFERENCES app.item ON DELETE CASCADE);"
      "INSERT INTO app.remark SELECT id FROM app.item");
  update_all();
  expect_exact(items_);
  EXPECT_EQ(count("app.remark"), many);
}

TEST_F(LargeTransaction, NewRowsMeetOneThatStandsThere) {
  start_and_copy();
  tell("INSERT INTO app.item SELECT id + 21000, -id, at, label FROM app.item WHERE id = 20999");
  native_.transaction([&] {
    for (int id = 1; id <= many; ++id) native_.insert(items_, row(id + many, id + many, "new"));
  });
  ASSERT_TRUE(catches_up());
  EXPECT_TRUE(holds_what_the_source_has(items_));
}

}  // namespace
}  // namespace pgmirror::tests
