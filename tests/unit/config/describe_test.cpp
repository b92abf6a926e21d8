#include "config/describe.hpp"

#include "tests/unit/config/loading.hpp"

namespace pgmirror::config {
namespace {

using tests::load;
using tests::Messages;

TEST(Describe, SaysWhatTheDefaultsMean) {
  const Config config = load({{"MIRROR_SOURCE_URL", "sqlite:///data/app.db"},
                              {"MIRROR_DB_URL", "postgresql://postgres:S3cret-tok@db.x.supabase.co:5432/postgres"},
                              {"MIRROR_EXCLUDE_TABLES", "sessions"}});
  EXPECT_EQ(
      describe(config),
      (Messages{"Database mirroring is enabled", "Source: sqlite:///data/app.db",
                "Source: the file's journal mode is left as it is",
                "Mirror DB: db.x.supabase.co:5432/postgres (tls: require, server not verified)",
                "Mirror DB: tables land in schema public, 3 connections",
                "Mirror DB: a row that the mirror refuses stops its table, the others go on",
                "Mirror DB: foreign keys are made; a table dropped in the source stays in the mirror as it was",
                "Tables: all tables are mirrored", "Tables: tables that never leave the source: sessions",
                "Queue: at most 10 GiB in /var/lib/pgmirror, applied changes are deleted once every mirror has them",
                "Log: info as text", "HTTP: no endpoint"}));
}

TEST(Describe, SaysThatItIsDisabled) {
  EXPECT_EQ(describe(load({{"DATABASE_MIRROR_ENABLED", "false"}})), (Messages{"Database mirroring is disabled"}));
}

TEST(Describe, NamesMirrorsWhereThereAreSeveralAndHoldsNoSecret) {
  const Config config = tests::load_yaml(R"(
source: {url: "postgresql://app:S3cret-one@localhost/shop"}
mirrors:
  eu: {url: "postgresql://u:S3cret-two@localhost/eu", pool: 1, on_poison: park}
  us: {host: localhost, user: u, name: us, password: S3cret-three, drop_tables: yes}
types: {a.b: {type: date, encoding: julian}}
queue: {retention: 36h, disk_budget: 1536MiB}
)")
                            .config;
  std::string all;
  for (const std::string& line : describe(config)) all += line + "\n";
  EXPECT_EQ(all.find("S3cret"), std::string::npos) << all;
  EXPECT_NE(all.find("Source: postgresql://app@localhost:5432/shop\n"), std::string::npos) << all;
  EXPECT_NE(all.find("Source: changes are found by logical decoding\n"), std::string::npos) << all;
  EXPECT_NE(all.find("Mirror DB \"eu\": tables keep their schemas, 1 connection\n"), std::string::npos) << all;
  EXPECT_NE(all.find("Mirror DB \"us\": a.b becomes date (read as julian)\n"), std::string::npos) << all;
  EXPECT_NE(all.find("at most 1.5 GiB in /var/lib/pgmirror, applied changes are kept for 36 h\n"), std::string::npos)
      << all;
}

}  // namespace
}  // namespace pgmirror::config
