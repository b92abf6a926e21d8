#include <gtest/gtest.h>

#include <algorithm>

#include "capture/postgres/redefinition.hpp"
#include "tests/scenario/postgres_catalog/source_database.hpp"

namespace pgmirror::tests {
namespace {

using capture::postgres::FollowedTable;
using capture::postgres::Following;
using capture::postgres::RelationCatalog;
using capture::postgres::RelationMessage;
using change::ReplicaIdentity;

const FollowedTable& table(const RelationCatalog& catalog, const std::string& name) {
  for (const FollowedTable& followed : catalog.followed()) {
    if (followed.relation->qualified_name() == name) return followed;
  }
  throw std::runtime_error("no table " + name + " is followed");
}

std::string names(const RelationCatalog& catalog) {
  std::vector<std::string> list;
  for (const FollowedTable& followed : catalog.followed()) list.push_back(followed.relation->qualified_name());
  std::ranges::sort(list);
  std::string text;
  for (const std::string& name : list) text += name + "\n";
  return text;
}

std::string key(const FollowedTable& followed) {
  std::string text;
  for (const std::size_t at : followed.relation->key) text += followed.relation->columns[at].name + " ";
  return text;
}

TEST(PostgresRelations, D20_OnlyTablesThatKeepRowsAreFollowed) {
  SourceDatabase source;
  source.exec(R"(
    CREATE EXTENSION hstore;
    CREATE SCHEMA shop; CREATE SCHEMA pgmirror;
    CREATE TABLE plain(id int PRIMARY KEY);
    CREATE TABLE shop."My Table"("Col A" int PRIMARY KEY);
    CREATE TABLE pgmirror.checkpoint(id int PRIMARY KEY);
    CREATE TABLE parted(id int PRIMARY KEY) PARTITION BY RANGE (id);
    CREATE TABLE parted_low PARTITION OF parted FOR VALUES FROM (0) TO (10);
    CREATE TABLE child(extra int) INHERITS (plain);
    CREATE UNLOGGED TABLE scratch(id int PRIMARY KEY);
    CREATE TEMP TABLE passing(id int PRIMARY KEY);
    CREATE VIEW shown AS SELECT * FROM plain;
    CREATE MATERIALIZED VIEW kept AS SELECT * FROM plain)");
  const RelationCatalog catalog = source.catalog();
  EXPECT_EQ(names(catalog), "public.child\npublic.parted\npublic.plain\npublic.scratch\nshop.My Table\n");
  EXPECT_EQ(table(catalog, "public.scratch").following, Following::none);
  EXPECT_EQ(table(catalog, "public.child").following, Following::inserts_only);
}

TEST(PostgresRelations, RulesTakeTablesAndColumnsAway) {
  SourceDatabase source;
  source.exec(
      "CREATE TABLE users(id int PRIMARY KEY, name text, password text); CREATE TABLE audit_1(id int);"
      "CREATE TABLE pair(a int, b int, c int, PRIMARY KEY (b, a))");
  const RelationCatalog catalog = source.catalog(config::TableRules({}, {"audit_*"}, {"users.password", "pair.a"}));
  EXPECT_EQ(names(catalog), "public.pair\npublic.users\n");
  const FollowedTable& users = table(catalog, "public.users");
  ASSERT_EQ(users.relation->columns.size(), 2U);
  EXPECT_EQ(users.column_numbers, (std::vector<int>{1, 2}));
  EXPECT_TRUE(catalog.mirrors(users.oid, 2));
  EXPECT_FALSE(catalog.mirrors(users.oid, 3));
  // Half a key identifies nothing.
  EXPECT_EQ(table(catalog, "public.pair").following, Following::inserts_only);
}

TEST(PostgresRelations, TypesAreWrittenOutWithTheirSchema) {
  SourceDatabase source;
  source.exec(R"(
    CREATE SCHEMA shop; CREATE TYPE shop."Mood" AS ENUM ('a'); CREATE DOMAIN small AS int CHECK (VALUE < 9);
    CREATE TABLE t(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n numeric(10,2) DEFAULT 1.5 NOT NULL,
      m shop."Mood"[], s small, ts timestamptz(3), c varchar(5) COLLATE "C", g int GENERATED ALWAYS AS (s + 1) STORED))");
  const RelationCatalog catalog = source.catalog();
  const change::Relation& relation = *table(catalog, "public.t").relation;
  ASSERT_EQ(relation.columns.size(), 6U);
  EXPECT_EQ(relation.columns[0].declared_type, "bigint");
  EXPECT_EQ(relation.columns[1].declared_type, "numeric(10,2)");
  EXPECT_TRUE(relation.columns[1].not_null);
  EXPECT_EQ(relation.columns[2].declared_type, "shop.\"Mood\"[]");
  EXPECT_EQ(relation.columns[3].declared_type, "public.small");
  EXPECT_EQ(relation.columns[4].declared_type, "timestamp(3) with time zone");
  EXPECT_EQ(relation.columns[5].collation, "pg_catalog.\"C\"");
  EXPECT_EQ(relation.columns[5].family, change::TypeFamily::native);
}

TEST(PostgresRelations, K1_K6_K7_K8_TablesWithoutIdentityAreFollowedForInsertsOnly) {
  SourceDatabase source;
  source.exec(R"(
    CREATE TABLE no_key(a int);
    CREATE TABLE whole(a int); ALTER TABLE whole REPLICA IDENTITY FULL;
    CREATE TABLE whole_with_key(a int, id int PRIMARY KEY); ALTER TABLE whole_with_key REPLICA IDENTITY FULL;
    CREATE TABLE nothing(id int PRIMARY KEY); ALTER TABLE nothing REPLICA IDENTITY NOTHING;
    CREATE TABLE by_index(id int PRIMARY KEY, b int NOT NULL, a int NOT NULL, UNIQUE (a, b) INCLUDE (id));
    ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_index_a_b_id_key;
    CREATE TABLE lost_index(id int PRIMARY KEY, a int NOT NULL); CREATE UNIQUE INDEX gone ON lost_index(a);
    ALTER TABLE lost_index REPLICA IDENTITY USING INDEX gone; DROP INDEX gone;
    CREATE TABLE late(id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED);
    CREATE TABLE pair(a int, b int, PRIMARY KEY (b, a)))");
  const RelationCatalog catalog = source.catalog();
  const auto expect = [&](const std::string& name, Following following, ReplicaIdentity identity,
                          const std::string& columns) {
    const FollowedTable& followed = table(catalog, "public." + name);
    EXPECT_EQ(followed.following, following) << name;
    EXPECT_EQ(followed.relation->identity, identity) << name;
    EXPECT_EQ(key(followed), columns) << name;
    EXPECT_EQ(followed.reason.empty(), following == Following::all) << name;
  };
  expect("no_key", Following::inserts_only, ReplicaIdentity::nothing, "");
  expect("whole", Following::all, ReplicaIdentity::full, "");
  expect("whole_with_key", Following::all, ReplicaIdentity::full, "id ");
  expect("nothing", Following::inserts_only, ReplicaIdentity::nothing, "");
  expect("by_index", Following::all, ReplicaIdentity::key, "a b ");
  expect("lost_index", Following::inserts_only, ReplicaIdentity::nothing, "");
  expect("late", Following::inserts_only, ReplicaIdentity::nothing, "");
  expect("pair", Following::all, ReplicaIdentity::key, "b a ");

  // What the server thinks of it: everything followed is published, and the application's UPDATE must go on working.
  std::string all;
  std::string inserts;
  for (const FollowedTable& followed : catalog.followed()) {
    std::string& list = followed.following == Following::all ? all : inserts;
    list += (list.empty() ? "" : ", ") + followed.relation->name;
  }
  source.exec("CREATE PUBLICATION p FOR TABLE " + all + "; CREATE PUBLICATION q FOR TABLE " + inserts +
              " WITH (publish = 'insert, truncate')");
  for (const FollowedTable& followed : catalog.followed()) {
    const change::Relation& relation = *followed.relation;
    EXPECT_NO_THROW(source.exec("DELETE FROM " + relation.name)) << relation.name;
  }
}

TEST(PostgresRelations, K6_APartitionWithoutIdentityMakesTheWholeTableInsertsOnly) {
  SourceDatabase source;
  source.exec(R"(
    CREATE TABLE parted(id int PRIMARY KEY, v int) PARTITION BY RANGE (id);
    CREATE TABLE low PARTITION OF parted FOR VALUES FROM (0) TO (10);
    CREATE TABLE high PARTITION OF parted FOR VALUES FROM (10) TO (20))");
  EXPECT_EQ(table(source.catalog(), "public.parted").following, Following::all);
  source.exec("ALTER TABLE high REPLICA IDENTITY NOTHING");
  EXPECT_EQ(table(source.catalog(), "public.parted").following, Following::inserts_only);
}

RelationMessage::Column streamed(std::string_view name, std::uint32_t type, bool identity = false) {
  return {.identity = identity, .name = name, .type_oid = type, .type_modifier = -1};
}
constexpr std::uint32_t int4 = 23;
constexpr std::uint32_t text = 25;

TEST(PostgresRelations, D12_AMessageOlderThanTheCatalogKeepsItsOwnColumns) {
  SourceDatabase source;
  source.exec("CREATE TABLE t(id int PRIMARY KEY, a text NOT NULL, secret text)");
  const auto oid = static_cast<std::uint32_t>(std::stoul(source.value("SELECT 't'::regclass::oid")));
  const config::TableRules rules({}, {}, {"t.secret"});
  RelationCatalog catalog(rules);
  libpq::Connection session = source.session();
  const std::vector<RelationMessage::Column> columns{streamed("id", int4, true), streamed("a", text),
                                                     streamed("secret", text)};
  const RelationMessage message{
      .oid = oid, .schema = "public", .name = "t", .replica_identity = 'd', .columns = columns};
  const auto before = catalog.relation_of(session, message);
  ASSERT_TRUE(before);
  EXPECT_EQ(before->places, (std::vector<std::optional<std::size_t>>{0, 1, std::nullopt}));
  EXPECT_EQ(before->column_numbers, (std::vector<int>{1, 2}));
  EXPECT_TRUE(before->relation->columns[1].not_null);
  EXPECT_EQ(before->relation->key, (std::vector<std::size_t>{0}));

  source.exec("ALTER TABLE t RENAME a TO b; ALTER TABLE t ALTER b TYPE int USING 7; ALTER TABLE t ADD c text");
  catalog.refresh(session);
  const auto same = catalog.relation_of(session, message);
  ASSERT_TRUE(same);
  EXPECT_EQ(same->relation->columns[1].name, "a");
  EXPECT_EQ(same->relation->columns[1].declared_type, "text");
  EXPECT_EQ(same->column_numbers, (std::vector<int>{0, 0}));
  ASSERT_TRUE(same->other_moment);
  EXPECT_EQ(column_numbers(*same->relation, {before->relation, before->column_numbers}, *same->other_moment),
            (std::vector<int>{1, 2}));

  const std::vector<RelationMessage::Column> new_columns{streamed("id", int4, true), streamed("b", int4),
                                                         streamed("secret", text), streamed("c", text)};
  const auto after = catalog.relation_of(
      session, {.oid = oid, .schema = "public", .name = "t", .replica_identity = 'd', .columns = new_columns});
  ASSERT_TRUE(after);
  const auto change =
      capture::postgres::redefinition(before->relation, before->column_numbers, after->relation, after->column_numbers);
  EXPECT_TRUE(change.certain);
  ASSERT_EQ(change.change.renamed_columns.size(), 1U);
  EXPECT_EQ(change.change.renamed_columns[0], (std::pair<std::string, std::string>{"a", "b"}));
}

TEST(PostgresRelations, D8_ATableOfAnEarlierLifeIsDescribedByItsMessageAlone) {
  SourceDatabase source;
  RelationCatalog catalog{config::TableRules{}};
  libpq::Connection session = source.session();
  const std::vector<RelationMessage::Column> columns{streamed("id", int4, true), streamed("x", 4000000000U)};
  const auto gone = catalog.relation_of(
      session, {.oid = 99999, .schema = "public", .name = "gone", .replica_identity = 'd', .columns = columns});
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->relation->key, (std::vector<std::size_t>{0}));
  EXPECT_EQ(gone->column_numbers, (std::vector<int>{0, 0}));
}

}  // namespace
}  // namespace pgmirror::tests
