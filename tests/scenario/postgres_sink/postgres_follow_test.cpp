#include <gtest/gtest.h>

#include "libpq/database_transaction.hpp"
#include "sinks/postgres/schema_builder.hpp"
#include "sinks/postgres/schema_follow.hpp"
#include "tests/scenario/postgres_sink/hand_made_snapshot.hpp"
#include "tests/scenario/postgres_sink/mirror_database.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using change::Position;
using change::Relation;
using change::RelationPtr;
using change::SchemaChange;
using change::TypeFamily;
using tests::column;
using tests::integer;
using tests::table_with_id;
using tests::table_with_row_id;
using tests::text;
using Lines = std::vector<std::string>;

RelationPtr shared(Relation relation) { return std::make_shared<const Relation>(std::move(relation)); }

change::Index index_on(const std::string& name, std::vector<std::string> columns, bool unique = false) {
  change::Index index;
  index.name = name;
  index.unique = unique;
  index.columns = std::move(columns);
  index.definition = "CREATE INDEX " + name;
  return index;
}

/// A mirror in which table t (id, a text) stands with two rows.
class Follow : public testing::Test {
 protected:
  Follow() {
    tests::HandMadeSnapshot snapshot;
    Relation relation = table_with_id("t", {column("a", "TEXT", TypeFamily::text)});
    relation.indexes = {index_on("t_a", {"a"})};
    t_ = snapshot.add(relation, {{integer(1), text("one")}, {integer(2), text("two")}});
    database_.copy(snapshot);
    database_.builder().build_indexes(database_.connection, snapshot.relations());
  }

  MirrorTablePtr follow(const RelationPtr& before, const RelationPtr& after,
                        std::vector<std::pair<std::string, std::string>> renamed = {}) {
    libpq::DatabaseTransaction transaction(database_.connection);
    const SchemaChange change{before, after, std::move(renamed)};
    const SchemaBuilder builder = database_.builder();
    SchemaFollow changes(database_.connection, builder, Position{42});
    changes.follow(change);
    changes.finish();
    MirrorTablePtr table = after ? builder.describe(database_.connection, after) : nullptr;
    transaction.commit();
    return table;
  }

  std::string indexes() {
    std::string names;
    for (const std::string& name :
         database_.rows("SELECT indexname FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1")) {
      names += name + " ";
    }
    return names;
  }

  RelationPtr with(const std::function<void(Relation&)>& edit) const {
    Relation relation = *t_;
    edit(relation);
    return shared(std::move(relation));
  }

  tests::MirrorDatabase database_;
  RelationPtr t_;
};

TEST_F(Follow, AddedColumnsTakeTheirDefaultInRowsThatStandThere) {
  const RelationPtr after = with([](Relation& relation) {
    change::Column number = tests::required(column("n", "INTEGER", TypeFamily::integer));
    number.default_sql = "5";
    change::Column moment = column("at", "DATETIME", TypeFamily::datetime);
    moment.default_sql = "'2024-01-02'";
    relation.columns.push_back(number);
    relation.columns.push_back(moment);
    relation.columns.push_back(column("plain", "TEXT", TypeFamily::text));
  });
  database_.mirror.types["t.at"] = {"timestamptz", "iso8601"};
  const MirrorTablePtr table = follow(t_, after);
  ASSERT_EQ(table->columns.size(), 5U);
  EXPECT_TRUE(table->columns[2].not_null);
  EXPECT_EQ(database_.rows("SELECT id, a, n, at AT TIME ZONE 'UTC', plain FROM t ORDER BY id"),
            (Lines{"1|one|5|2024-01-02 00:00:00|~", "2|two|5|2024-01-02 00:00:00|~"}));
  EXPECT_EQ(database_.ask("SELECT count(*) FROM pgmirror.schema_history WHERE position = 42"), "3");
}

TEST_F(Follow, ADefaultThatTheTypeCannotHoldAsksForAResync) {
  const RelationPtr after = with([](Relation& relation) {
    relation.columns.push_back(column("n", "INTEGER", TypeFamily::integer));
    relation.columns.back().default_sql = "'many'";
  });
  EXPECT_THROW(follow(t_, after), SchemaError);
  EXPECT_EQ(database_.ask("SELECT count(*) FROM information_schema.columns WHERE table_name = 't'"), "2");
}

TEST_F(Follow, RenamedColumnsKeepTheirValues) {
  database_.connection.execute("INSERT INTO pgmirror.odd_values VALUES ('public', 't', '[1]', 'a', 'blob', 'x')");
  const RelationPtr wider =
      with([](Relation& relation) { relation.columns.push_back(column("b", "TEXT", TypeFamily::text)); });
  follow(t_, wider);
  database_.connection.execute("UPDATE t SET b = 'b' || id");
  Relation swapped = *wider;
  std::swap(swapped.columns[1].name, swapped.columns[2].name);
  swapped.indexes = {index_on("t_a", {"b"})};
  const MirrorTablePtr table = follow(wider, shared(swapped), {{"a", "b"}, {"b", "a"}});
  EXPECT_EQ(database_.rows("SELECT id, a, b FROM t ORDER BY id"), (Lines{"1|b1|one", "2|b2|two"}));
  EXPECT_EQ(database_.ask("SELECT column_name FROM pgmirror.odd_values"), "b");
  EXPECT_EQ(indexes(), "t_a t_pkey ");
  EXPECT_EQ(table->columns[1].name, "b");
}

TEST_F(Follow, ARenamedColumnMayLeaveItsNameToANewOne) {
  const RelationPtr after = with([](Relation& relation) {
    relation.columns[1].name = "old_a";
    relation.indexes.clear();
    relation.columns.push_back(column("a", "INTEGER", TypeFamily::integer));
  });
  follow(t_, after, {{"a", "old_a"}});
  EXPECT_EQ(database_.rows("SELECT id, old_a, a FROM t ORDER BY id"), (Lines{"1|one|~", "2|two|~"}));
}

TEST_F(Follow, DroppedColumnsGoWithTheirIndexesAndOddValues) {
  database_.connection.execute("INSERT INTO pgmirror.odd_values VALUES ('public', 't', '[1]', 'a', 'blob', 'x')");
  const RelationPtr after = with([](Relation& relation) {
    relation.columns.pop_back();
    relation.indexes.clear();
  });
  follow(t_, after);
  EXPECT_EQ(database_.ask("SELECT count(*) FROM information_schema.columns WHERE table_name = 't'"), "1");
  EXPECT_EQ(database_.ask("SELECT count(*) FROM pgmirror.odd_values"), "0");
  EXPECT_EQ(indexes(), "t_pkey ");
}

TEST_F(Follow, ATableIsRenamedWithAllThatIsSaidAboutIt) {
  database_.connection.execute("INSERT INTO pgmirror.odd_values VALUES ('public', 't', '[1]', 'a', 'blob', 'x')");
  const MirrorTablePtr table = follow(t_, with([](Relation& relation) { relation.name = "My T"; }));
  EXPECT_EQ(table->quoted, "\"public\".\"My T\"");
  EXPECT_EQ(database_.ask("SELECT count(*) FROM \"My T\""), "2");
  EXPECT_EQ(database_.rows("SELECT t.table_name, o.table_name FROM pgmirror.tables t, pgmirror.odd_values o"),
            Lines{"My T|My T"});
}

TEST_F(Follow, ADroppedTableStaysFrozenUnlessToldOtherwise) {
  follow(t_, nullptr);
  EXPECT_EQ(database_.ask("SELECT count(*) FROM t"), "2");
  EXPECT_EQ(database_.ask("SELECT state FROM pgmirror.tables"), "dropped");

  const MirrorTablePtr anew = follow(nullptr, t_);
  EXPECT_EQ(database_.ask("SELECT count(*) FROM t"), "0");
  EXPECT_EQ(database_.ask("SELECT count(*) FROM t_dropped_42"), "2");
  EXPECT_EQ(anew->columns.size(), 2U);
  EXPECT_EQ(indexes(), "t_a t_a_dropped_42 t_pkey t_pkey_dropped_42 ");
}

TEST_F(Follow, ADroppedTableGoesWhereThatIsConfigured) {
  database_.mirror.drop_tables = true;
  follow(t_, nullptr);
  EXPECT_EQ(database_.ask("SELECT to_regclass('t') IS NULL"), "t");
}

TEST_F(Follow, ANewTableComesWithIndexesAndForeignKeys) {
  Relation posts = table_with_row_id("posts", {column("t_id", "INTEGER", TypeFamily::integer)});
  posts.indexes = {index_on("posts_t", {"t_id"})};
  posts.foreign_keys = {{{"t_id"}, "", "t", {"id"}}, {{"t_id"}, "", "absent", {"id"}}};
  const MirrorTablePtr table = follow(nullptr, shared(posts));
  EXPECT_TRUE(table->keyed_by_row_id());
  EXPECT_EQ(indexes(), "posts_pkey posts_t t_a t_pkey ");
  EXPECT_EQ(database_.ask("SELECT count(*) FROM pg_constraint WHERE contype = 'f'"), "1");

  // Rows with outstanding checks and a change of the schema in one transaction.
  {
    libpq::DatabaseTransaction transaction(database_.connection);
    database_.connection.execute("INSERT INTO public.posts VALUES (1, 2)");
    Relation wider = posts;
    wider.columns.push_back(column("more", "TEXT", TypeFamily::text));
    const SchemaBuilder builder = database_.builder();
    EXPECT_NO_THROW(SchemaFollow(database_.connection, builder, Position{43}).follow({shared(posts), shared(wider)}));
    transaction.commit();
  }
  follow(t_, nullptr);
  EXPECT_EQ(database_.ask("SELECT count(*) FROM pg_constraint WHERE contype = 'f'"), "0");
}

TEST_F(Follow, ANewTableMeetsOneThatHoldsRows) {
  database_.connection.execute("CREATE TABLE other (id bigint PRIMARY KEY); INSERT INTO other VALUES (1)");
  EXPECT_THROW(follow(nullptr, shared(table_with_id("other", {}))), SchemaError);
  database_.connection.execute("DELETE FROM other");
  EXPECT_NE(follow(nullptr, shared(table_with_id("other", {}))), nullptr);
}

TEST_F(Follow, TypesChangeWithoutLosingWhatStandsThere) {
  Relation wide =
      table_with_id("w", {column("i", "INTEGER", TypeFamily::integer), column("b", "INTEGER", TypeFamily::integer),
                          column("r", "REAL", TypeFamily::real), column("s", "TEXT", TypeFamily::text)});
  const RelationPtr before = shared(wide);
  follow(nullptr, before);
  database_.connection.execute("INSERT INTO w VALUES (1, -5, 1, 2, 'abc'), (2, 9223372036854775807, 0, 0.1, '7')");
  wide.columns[1] = column("i", "TEXT", TypeFamily::text);
  wide.columns[2] = column("b", "NUMERIC", TypeFamily::numeric);
  wide.columns[3] = column("r", "INTEGER", TypeFamily::integer);
  wide.columns[4] = column("s", "INTEGER", TypeFamily::integer);
  const MirrorTablePtr table = follow(before, shared(wide));
  EXPECT_EQ(database_.rows("SELECT i, b, r, s FROM w ORDER BY id"),
            (Lines{"-5|1|2.0|abc", "9223372036854775807|0|0.1|7"}));
  EXPECT_EQ(table->columns[2].type.encoding, TargetType::Encoding::numeric);
  EXPECT_EQ(table->columns[3].type.encoding, TargetType::Encoding::text);

  Relation blobs = wide;
  blobs.columns[2] = column("b", "BLOB", TypeFamily::blob);
  EXPECT_EQ(follow(shared(wide), shared(blobs))->columns[2].type.encoding, TargetType::Encoding::text);
}

TEST_F(Follow, AnotherKeyAsksForAResync) {
  const RelationPtr after = with([](Relation& relation) { relation.key = {1}; });
  try {
    follow(t_, after);
    FAIL() << "followed";
  } catch (const SchemaError& error) {
    EXPECT_NE(std::string(error.what()).find("pgmirror resync t"), std::string::npos);
  }
}

TEST_F(Follow, IndexesComeAndGo) {
  const RelationPtr after = with([](Relation& relation) {
    relation.indexes = {index_on("t_other", {"a", "id"}, true)};
  });
  const MirrorTablePtr table = follow(t_, after);
  EXPECT_EQ(indexes(), "t_other t_pkey ");
  EXPECT_TRUE(table->has_unique_beyond_key);
}

TEST_F(Follow, AnIndexThatTheRowsViolateIsLeftOutAndTheRestFollowed) {
  database_.connection.execute("UPDATE t SET a = 'same'");
  const RelationPtr after = with([](Relation& relation) {
    relation.indexes.push_back(index_on("t_unique", {"a"}, true));
    relation.columns.push_back(column("b", "TEXT", TypeFamily::text));
  });
  EXPECT_EQ(follow(t_, after)->columns.size(), 3U);
  EXPECT_EQ(indexes(), "t_a t_pkey ");
}

TEST_F(Follow, NotNullIsLiftedWithTheSource) {
  Relation strict = *t_;
  strict.name = "strict";
  strict.indexes.clear();
  strict.columns[1].not_null = true;
  const RelationPtr before = shared(strict);
  EXPECT_TRUE(follow(nullptr, before)->columns[1].not_null);
  strict.columns[1].not_null = false;
  EXPECT_FALSE(follow(before, shared(strict))->columns[1].not_null);
}

}  // namespace
}  // namespace pgmirror::sinks::postgres
