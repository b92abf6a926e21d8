#include "tests/unit/config/loading.hpp"

namespace pgmirror::config {
namespace {

using tests::enough;
using tests::load;
using tests::Messages;
using tests::problems;

std::string file_of(const std::string& url) { return load(enough({{"MIRROR_SOURCE_URL", url}})).sqlite->file.string(); }

Messages refusal(const std::string& url) { return problems(enough({{"MIRROR_SOURCE_URL", url}})); }

TEST(SourceUrl, SqliteFilesAbsoluteAndRelative) {
  EXPECT_EQ(file_of("sqlite:///data/app.db"), "/data/app.db");
  EXPECT_EQ(file_of("sqlite:/data/app.db"), "/data/app.db");
  EXPECT_EQ(file_of("sqlite:////data/app.db"), "/data/app.db");
  EXPECT_EQ(file_of("sqlite:app.db"), "app.db");
  EXPECT_EQ(file_of("sqlite://data/app.db"), "data/app.db");
}

TEST(SourceUrl, SqlitePercentEscapes) {
  EXPECT_EQ(file_of("sqlite:///my%20data/50%25%3F.db"), "/my data/50%?.db");
  EXPECT_EQ(file_of("sqlite:///caf%C3%A9/é.db"), "/café/é.db");
}

TEST(SourceUrl, SqliteUrlsThatNameNoFile) {
  EXPECT_EQ(refusal("sqlite:"),
            (Messages{"MIRROR_SOURCE_URL: names no file; write for example sqlite:///data/app.db"}));
  EXPECT_EQ(refusal("sqlite:///data/"),
            (Messages{"MIRROR_SOURCE_URL: names a directory; write the file, for example sqlite:///data/app.db"}));
  EXPECT_EQ(refusal("sqlite::memory:").size(), 1U);
  EXPECT_EQ(refusal("sqlite:///a.db?mode=ro").size(), 1U);
  EXPECT_EQ(refusal("sqlite:///a%2").size(), 1U);
  EXPECT_EQ(refusal("sqlite:///a%zz").size(), 1U);
  EXPECT_EQ(refusal("sqlite:///a%-1").size(), 1U);
  EXPECT_EQ(refusal("sqlite:///a%00b").size(), 1U);
}

TEST(SourceUrl, OtherStoresAreRefused) {
  const Messages expected{
      "MIRROR_SOURCE_URL: names no store that can be followed; write sqlite:///data/app.db or "
      "postgresql://user@host/database"};
  EXPECT_EQ(refusal("mysql://u:S3cret@h/d"), expected);
  EXPECT_EQ(refusal("/data/app.db"), expected);
}

TEST(SourceUrl, PostgresIsKeptWithoutItsPassword) {
  const Config config = load(
      enough({{"MIRROR_SOURCE_URL", "postgres://app:p%40ss@localhost:5433/shop?sslmode=disable&connect_timeout=3"}}));
  ASSERT_TRUE(config.postgres);
  EXPECT_FALSE(config.sqlite);
  EXPECT_EQ(config.source_url, "postgresql://app@localhost:5433/shop");
  EXPECT_EQ(config.postgres->connection.password, "p@ss");
  EXPECT_EQ(config.postgres->connection.sslmode, "disable");
  EXPECT_EQ(config.postgres->connection.parameters, (std::map<std::string, std::string>{{"connect_timeout", "3"}}));
}

TEST(SourceUrl, PostgresNeedsHostDatabaseAndUser) {
  EXPECT_EQ(refusal("postgresql:///shop?user=a"), (Messages{"MIRROR_SOURCE_URL: names no host"}));
  EXPECT_EQ(refusal("postgresql://u@localhost"), (Messages{"MIRROR_SOURCE_URL: names no database"}));
  EXPECT_EQ(refusal("postgresql://localhost/shop"), (Messages{"MIRROR_SOURCE_URL: names no user"}));
}

TEST(SourceUrl, ANeighbourInAComposeNetworkNeedsNoTls) {
  const auto loaded = [](const std::string& url) { return load_config({}, enough({{"MIRROR_SOURCE_URL", url}})); };
  const LoadedConfig neighbour = loaded("postgresql://u@db/shop");
  EXPECT_EQ(neighbour.config.postgres->connection.sslmode, "prefer");
  EXPECT_EQ(neighbour.warnings, Messages{});
  EXPECT_EQ(loaded("postgresql://u@db.example.org/shop").config.postgres->connection.sslmode, "require");
  EXPECT_EQ(loaded("postgresql://u@db.example.org/shop?sslmode=prefer").warnings.size(), 1U);
}

TEST(SourceUrl, WhatBelongsToAPostgresSource) {
  const Config config = load(enough({{"MIRROR_SOURCE_URL", "postgresql://u@localhost/shop"},
                                     {"MIRROR_CAPTURE_METHOD", "triggers"},
                                     {"MIRROR_SLOT", "shop_1"},
                                     {"MIRROR_PUBLICATION", "Shop"},
                                     {"MIRROR_SCHEMA_INCLUDE", "triggers,policies"}}));
  EXPECT_EQ(config.postgres->method, CaptureMethod::triggers);
  EXPECT_EQ(config.postgres->slot, "shop_1");
  EXPECT_EQ(config.postgres->publication, "Shop");
  EXPECT_FALSE(config.postgres->views);
  EXPECT_TRUE(config.postgres->functions);
  EXPECT_TRUE(config.postgres->triggers);
  EXPECT_TRUE(config.postgres->policies);
  EXPECT_EQ(
      problems(enough({{"MIRROR_SOURCE_URL", "postgresql://u@localhost/shop"}, {"MIRROR_SLOT", "Shop-1"}})),
      (Messages{"MIRROR_SLOT: \"Shop-1\" is not a slot name: at most 63 lower-case letters, digits and underscores"}));
  EXPECT_EQ(
      problems(enough({{"MIRROR_SOURCE_URL", "postgresql://u@localhost/shop"}, {"MIRROR_SCHEMA_INCLUDE", "view"}})),
      (Messages{"MIRROR_SCHEMA_INCLUDE: view is none of views, functions, triggers, policies, none"}));
}

TEST(SourceUrl, ChangesOfAPostgresStoreAreDecodedUnlessAskedOtherwise) {
  EXPECT_EQ(load(enough({{"MIRROR_SOURCE_URL", "postgresql://u@localhost/shop"}})).postgres->method,
            CaptureMethod::decoding);
  EXPECT_EQ(
      problems(enough({{"MIRROR_SOURCE_URL", "postgresql://u@localhost/shop"}, {"MIRROR_CAPTURE_METHOD", "wal2json"}})),
      (Messages{"MIRROR_CAPTURE_METHOD: \"wal2json\" is none of decoding, triggers"}));
}

TEST(SourceUrl, SchemasAreFineForAPostgresStore) {
  const Config config = load(
      enough({{"MIRROR_SOURCE_URL", "postgresql://u@localhost/shop"}, {"MIRROR_EXCLUDE_TABLES", "billing.audit"}}));
  EXPECT_FALSE(config.tables.includes_table("billing", "audit"));
}

TEST(SourceUrl, SourceAndMirrorMustDiffer) {
  EXPECT_EQ(problems({{"MIRROR_SOURCE_URL", "postgresql://u@localhost/shop"},
                      {"MIRROR_DB_URL", "postgresql://v@localhost:5432/shop"}}),
            (Messages{"mirror \"mirror\": is the source itself (localhost:5432/shop); give it another database"}));
}

}  // namespace
}  // namespace pgmirror::config
