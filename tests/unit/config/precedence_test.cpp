#include "tests/unit/config/loading.hpp"

namespace pgmirror::config {
namespace {

using tests::ConfigDirectory;
using tests::enough;
using tests::load;
using tests::load_yaml;
using tests::Messages;
using tests::problems;

TEST(Precedence, FlagAboveEnvironmentAboveFileAboveDefault) {
  const ConfigDirectory directory;
  const std::string file = directory.write("p.yaml", "mirror: {pool: 4}\nlog: {level: debug}\nhttp: {listen: 'a:1'}\n");
  const auto environment = enough({{"MIRROR_CONFIG", file}, {"MIRROR_DB_POOL", "5"}, {"MIRROR_LOG_LEVEL", "warn"}});
  const Config config = load(environment, {{"mirror.pool", "6"}});
  EXPECT_EQ(config.mirrors.at(0).pool, 6U);
  EXPECT_EQ(config.log.level, "warn");
  EXPECT_EQ(config.http_listen, "a:1");
  EXPECT_EQ(config.queue.retention, std::chrono::seconds(0));
}

TEST(Precedence, TheFlagNamesAnotherFileThanTheEnvironment) {
  const ConfigDirectory directory;
  const std::string file = directory.write("p.yaml", "log: {level: debug}\n");
  EXPECT_EQ(load(enough({{"MIRROR_CONFIG", "/nonexistent"}}), {{"config", file}}).log.level, "debug");
}

TEST(Precedence, ListsReplaceListsOfLowerLayers) {
  const ConfigDirectory directory;
  const std::string file = directory.write("p.yaml", "tables: {exclude: [a]}\n");
  const Config config = load(enough({{"MIRROR_CONFIG", file}, {"MIRROR_EXCLUDE_TABLES", "b"}}));
  EXPECT_TRUE(config.tables.includes_table("", "a"));
  EXPECT_FALSE(config.tables.includes_table("", "b"));
}

TEST(Precedence, UnknownFlagsAreErrors) {
  EXPECT_EQ(problems(enough(), {{"mirror.prot", "1"}}),
            (Messages{"flag \"mirror.prot\": unknown key; did you mean \"mirror.port\"?"}));
}

TEST(Precedence, FlagValuesAreCheckedLikeOthers) {
  EXPECT_EQ(
      problems(enough(), {{"queue.retention", "1"}}),
      (Messages{
          "flag \"queue.retention\": \"1\" is not a duration; write numbers with d, h, m or s, for example 24h"}));
}

TEST(Precedence, SeparateValuesStandAboveTheUrlOfTheSameLayer) {
  const Config config = load(enough({{"MIRROR_DB_URL", "postgresql://a:pw@localhost:1111/x"},
                                     {"MIRROR_DB_PORT", "2222"},
                                     {"MIRROR_DB_PASSWORD", "other"}}));
  EXPECT_EQ(config.mirrors.at(0).connection.address(), "localhost:2222/x");
  EXPECT_EQ(config.mirrors.at(0).connection.password, "other");
  EXPECT_EQ(config.mirrors.at(0).connection.user, "a");
}

TEST(Precedence, TheUrlOfAHigherLayerStandsAboveSeparateValues) {
  const auto loaded = load_yaml(
      "source: {url: 'sqlite:a'}\nmirror: {host: localhost, port: 1, user: file, name: file, password: file}\n",
      {{"MIRROR_DB_URL", "postgresql://env@127.0.0.1/copy"}});
  const ConnectionSettings& connection = loaded.config.mirrors.at(0).connection;
  EXPECT_EQ(connection.host, "127.0.0.1");
  EXPECT_EQ(connection.user, "env");
  EXPECT_EQ(connection.database, "copy");
  EXPECT_EQ(connection.port, 1) << "the URL leaves the port open";
  EXPECT_EQ(connection.password, "file");
}

TEST(Precedence, AUrlHidesTheWholeUrlOfALowerLayer) {
  const auto loaded = load_yaml("source: {url: 'sqlite:a'}\nmirror: {url: 'postgresql://u:pw@localhost:1/d'}\n",
                                {{"MIRROR_DB_URL", "postgresql://env@127.0.0.1/copy"}});
  EXPECT_EQ(loaded.config.mirrors.at(0).connection.password, "") << "no password may go to another server";
  EXPECT_EQ(loaded.config.mirrors.at(0).connection.port, 5432);
}

}  // namespace
}  // namespace pgmirror::config
