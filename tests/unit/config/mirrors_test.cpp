#include "tests/unit/config/loading.hpp"

namespace pgmirror::config {
namespace {

using tests::load_yaml;
using tests::Messages;
using tests::yaml_problems;

const std::string two = R"(
source: {url: "sqlite:a.db"}
mirrors:
  eu: {url: "postgresql://u@localhost/eu", pool: 2}
  us: {url: "postgresql://u@localhost/us"}
types: {a.b: date}
)";

TEST(Mirrors, SeveralByName) {
  const Config config = load_yaml(two).config;
  ASSERT_EQ(config.mirrors.size(), 2U);
  EXPECT_EQ(config.mirrors[0].name, "eu");
  EXPECT_EQ(config.mirrors[0].pool, 2U);
  EXPECT_EQ(config.mirrors[1].connection.database, "us");
  EXPECT_EQ(config.mirrors[1].pool, 3U);
  EXPECT_EQ(config.mirrors[1].types.at("a.b").type, "date");
}

TEST(Mirrors, VariablesMustNotBeForAllOfThem) {
  EXPECT_EQ(
      yaml_problems(two, {{"MIRROR_DB_POOL", "4"}}),
      (Messages{"MIRROR_DB_POOL: does not say which of the 2 mirrors it is for; set it in each mirror's section"}));
}

TEST(Mirrors, VariablesAreForTheOnlyOneWhateverItsName) {
  const auto loaded = load_yaml("source: {url: 'sqlite:a'}\nmirrors: {eu: {host: localhost}}\n",
                                {{"MIRROR_DB_NAME", "d"}, {"MIRROR_DB_USER", "u"}});
  EXPECT_EQ(loaded.config.mirrors.at(0).name, "eu");
  EXPECT_EQ(loaded.config.mirrors.at(0).connection.database, "d");
}

TEST(Mirrors, FlagsCanNameOne) {
  const tests::ConfigDirectory directory;
  const std::string file = directory.write("p.yaml", two);
  const Config config = load_config({{"config", file}, {"mirrors.us.pool", "9"}}, {}).config;
  EXPECT_EQ(config.mirrors[0].pool, 2U);
  EXPECT_EQ(config.mirrors[1].pool, 9U);
}

TEST(Mirrors, OneAndSeveralTogetherAreRefused) {
  EXPECT_EQ(yaml_problems(two + "mirror: {url: 'postgresql://u@localhost/x'}\n"),
            (Messages{"pgmirror.yaml:2:1: \"mirror\" and \"mirrors\" both stand here; keep one"}));
}

TEST(Mirrors, NamesAreChecked) {
  EXPECT_EQ(yaml_problems(
                "source: {url: 'sqlite:a'}\nmirrors:\n  'a b': {host: x}\n  ok: {url: 'postgresql://u@localhost/x'}\n"),
            (Messages{"pgmirror.yaml:3:3: \"a b\" cannot name a mirror; use letters, digits, _ and -"}));
  EXPECT_EQ(yaml_problems("source: {url: 'sqlite:a'}\nmirrors: []\n").front(),
            "pgmirror.yaml:2:1: \"mirrors\" must hold mirrors by name");
}

TEST(Mirrors, UnknownKeysNameTheMirror) {
  EXPECT_EQ(yaml_problems(two + "#\n", {}), Messages{});
  EXPECT_EQ(yaml_problems("source: {url: 'sqlite:a'}\nmirrors:\n  eu: {url: 'postgresql://u@localhost/x', pol: 1}\n"),
            (Messages{"pgmirror.yaml:3:43: unknown key \"pol\" in \"mirrors.eu\"; did you mean \"pool\"?"}));
}

TEST(Mirrors, WhatIsMissingIsSaidWithItsPlace) {
  EXPECT_EQ(yaml_problems("source: {url: 'sqlite:a'}\nmirrors:\n  eu: {host: localhost, user: u}\n"),
            (Messages{"pgmirror.yaml:3:3: mirror \"eu\" has no database; set \"name\" or put it into \"url\""}));
}

TEST(Mirrors, TwoMirrorsMayNotShareADatabase) {
  EXPECT_EQ(
      yaml_problems(R"(
source: {url: "sqlite:a.db"}
mirrors:
  eu: {url: "postgresql://u@localhost/x"}
  us: {url: "postgresql://v@localhost:5432/x"}
)"),
      (Messages{
          "mirror \"us\": has the same database as mirror \"eu\" (localhost:5432/x); one database holds one mirror"}));
}

}  // namespace
}  // namespace pgmirror::config
