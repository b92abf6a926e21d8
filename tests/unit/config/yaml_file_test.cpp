#include "tests/unit/config/loading.hpp"

namespace pgmirror::config {
namespace {

using tests::load_yaml;
using tests::Messages;
using tests::yaml_problems;

const std::string both_ends = R"(
source: {url: "sqlite:///data/app.db"}
mirror: {url: "postgresql://app@localhost/copy"}
)";

TEST(YamlFile, SetsEverything) {
  const Config config = load_yaml(R"(
enabled: yes
source:
  url: sqlite:///data/app.db
capture:
  sqlite:
    switch_to_wal: true
tables:
  include: [users, "\"a.b\""]
  exclude:
    - audit_*
columns:
  exclude: users.password, users.pin
mirror:
  host: /run/postgresql
  port: 6000
  name: copy
  user: app
  password: "p@ss:word/#1"
  sslmode: disable
  schema: no
  pool: 5
  on_poison: park
  foreign_keys: off
  drop_tables: on
types:
  users.created_at: {type: timestamptz, encoding: unix_ms}
  '"a.b".data': jsonb
queue:
  disk_budget: 2GiB
  retention: 24h
state_dir: /srv/state
log: {level: debug, format: json}
http: {listen: "127.0.0.1:9187"}
)")
                            .config;
  EXPECT_TRUE(config.enabled);
  EXPECT_EQ(config.sqlite->file, "/data/app.db");
  EXPECT_TRUE(config.sqlite->switch_to_wal);
  EXPECT_TRUE(config.tables.includes_table("", "a.b"));
  EXPECT_FALSE(config.tables.includes_table("", "other"));
  EXPECT_FALSE(config.tables.includes_column("", "users", "pin"));
  ASSERT_EQ(config.mirrors.size(), 1U);
  const Mirror& mirror = config.mirrors.front();
  EXPECT_EQ(mirror.connection.host, "/run/postgresql");
  EXPECT_EQ(mirror.connection.port, 6000);
  EXPECT_EQ(mirror.connection.database, "copy");
  EXPECT_EQ(mirror.connection.user, "app");
  EXPECT_EQ(mirror.connection.password, "p@ss:word/#1");
  EXPECT_EQ(mirror.connection.sslmode, "disable");
  EXPECT_EQ(mirror.schema, "no") << "a schema called no is not false";
  EXPECT_EQ(mirror.pool, 5U);
  EXPECT_EQ(mirror.on_poison, PoisonRule::park);
  EXPECT_FALSE(mirror.foreign_keys);
  EXPECT_TRUE(mirror.drop_tables);
  EXPECT_EQ(mirror.types.at("users.created_at").type, "timestamptz");
  EXPECT_EQ(mirror.types.at("users.created_at").encoding, "unix_ms");
  EXPECT_EQ(mirror.types.at("a.b.data").type, "jsonb");
  EXPECT_EQ(config.queue.disk_budget_bytes, std::uint64_t{2} << 30U);
  EXPECT_EQ(config.queue.retention, std::chrono::hours(24));
  EXPECT_EQ(config.state_dir, "/srv/state");
  EXPECT_EQ(config.log.level, "debug");
  EXPECT_EQ(config.log.format, LogFormat::json);
  EXPECT_EQ(config.http_listen, "127.0.0.1:9187");
}

TEST(YamlFile, NamesTheUnknownKeyItsPlaceAndTheNearest) {
  EXPECT_EQ(yaml_problems("source:\n  url: sqlite:///a\nmirror:\n  url: postgresql://u@localhost/d\n  pol: 3\n"),
            (Messages{"pgmirror.yaml:5:3: unknown key \"pol\" in \"mirror\"; did you mean \"pool\"?"}));
  EXPECT_EQ(yaml_problems("mirrror:\n  x: 1\n" + both_ends),
            (Messages{"pgmirror.yaml:1:1: unknown key \"mirrror\"; did you mean \"mirror\"?"}));
  EXPECT_EQ(yaml_problems(both_ends + "banana: 1\n"), (Messages{"pgmirror.yaml:4:1: unknown key \"banana\""}));
}

TEST(YamlFile, NamesUnknownKeysDeepInside) {
  EXPECT_EQ(
      yaml_problems(both_ends + "capture: {sqlite: {switch_to_val: true}}\n"),
      (Messages{
          "pgmirror.yaml:4:20: unknown key \"switch_to_val\" in \"capture.sqlite\"; did you mean \"switch_to_wal\"?"}));
}

TEST(YamlFile, AForgottenBlankAfterTheColonShowsNoSecret) {
  EXPECT_EQ(yaml_problems("source: {url: 'sqlite:a'}\nmirror: {password:S3cret, user: u}\n").front(),
            "pgmirror.yaml:2:10: unknown key \"password...\" in \"mirror\"; write a blank after the colon");
  EXPECT_EQ(yaml_problems("source: {url: 'sqlite:a'}\nmirrors: {x:S3cret: 1, x:S3cret: 2}\n").front(),
            "pgmirror.yaml:2:24: key \"x...\" stands twice in one map, first in line 2; keep one");
  EXPECT_EQ(yaml_problems(both_ends + "types: {a.b:S3cret: 1}\n"),
            (Messages{"pgmirror.yaml:4:9: types.a.b...: \"1\" is not a type name; write it in lower case, for example "
                      "timestamptz"}));
}

TEST(YamlFile, TheConfigurationFileCannotNameAnother) {
  EXPECT_EQ(yaml_problems(both_ends + "config: other.yaml\n"), (Messages{"pgmirror.yaml:4:1: unknown key \"config\""}));
}

TEST(YamlFile, MergeKeysAreUnknownKeys) {
  EXPECT_EQ(yaml_problems(both_ends + "log: {<<: {level: info}}\n"),
            (Messages{"pgmirror.yaml:4:7: unknown key \"<<\" in \"log\""}));
}

TEST(YamlFile, ReportsAllThatIsWrongAtOnce) {
  EXPECT_EQ(yaml_problems(R"(source: {url: "sqlite:///a"}
mirror:
  url: postgresql://u@localhost/d
  pool: many
  on_poison: skip
queue: {disk_budget: 1G, retention: soon}
log: {level: loud}
)",
                          {{"MIRROR_HTTP_LISTEN", "9187"}}),
            (Messages{"pgmirror.yaml:7:14: log.level: \"loud\" is none of trace, debug, info, warn, error",
                      "pgmirror.yaml:4:9: mirror.pool: \"many\" is not a number of connections (1 to 64)",
                      "pgmirror.yaml:5:14: mirror.on_poison: \"skip\" is none of stop_table, park, stop",
                      "pgmirror.yaml:6:22: queue.disk_budget: \"1G\" is not a size; write a whole number and a unit, "
                      "for example 10GiB",
                      "pgmirror.yaml:6:37: queue.retention: \"soon\" is not a duration; write numbers with d, h, m or "
                      "s, for example 24h",
                      "MIRROR_HTTP_LISTEN: \"9187\" is not address:port, for example 127.0.0.1:9187"}));
}

TEST(YamlFile, RefusesValuesOfTheWrongShape) {
  EXPECT_EQ(yaml_problems(both_ends + "state_dir: [a, b]\n"),
            (Messages{"pgmirror.yaml:4:12: state_dir: must be one value, not a list"}));
  EXPECT_EQ(yaml_problems(both_ends + "state_dir: {a: b}\n"),
            (Messages{"pgmirror.yaml:4:12: state_dir: must be one value, not a map"}));
  EXPECT_EQ(yaml_problems(both_ends + "queue: 10GiB\n"),
            (Messages{"pgmirror.yaml:4:8: \"queue\" must hold keys and values"}));
  EXPECT_EQ(yaml_problems(both_ends + "tables: {exclude: [[a]]}\n"),
            (Messages{"pgmirror.yaml:4:20: tables.exclude: must be one value, not a list"}));
  EXPECT_EQ(yaml_problems(both_ends + "types: [a]\n"),
            (Messages{"pgmirror.yaml:4:8: \"types\" must hold types by table.column"}));
}

TEST(YamlFile, RefusesAKeyWithoutValue) {
  EXPECT_EQ(yaml_problems(both_ends + "state_dir:\n\n\nlog:\n  level: info\n"),
            (Messages{"pgmirror.yaml:4:1: state_dir: has no value; give one or take the key out"}));
  EXPECT_EQ(yaml_problems(both_ends + "tables:\n  exclude:\n"),
            (Messages{"pgmirror.yaml:5:3: tables.exclude: has no value; give one or take the key out"}));
}

TEST(YamlFile, ASectionWithEverythingCommentedOutIsEmpty) {
  EXPECT_EQ(yaml_problems(both_ends + "queue:\n  # retention: 24h\n"), Messages{});
}

TEST(YamlFile, RefusesPatternsThatCanMatchNothing) {
  EXPECT_EQ(
      yaml_problems(both_ends + "columns: {exclude: [password, a.b]}\n"),
      (Messages{"pgmirror.yaml:4:20: columns.exclude: pattern \"password\" has too few parts; write TABLE.COLUMN or "
                "SCHEMA.TABLE.COLUMN"}));
}

TEST(YamlFile, RefusesUnquotedDotsForASqliteStore) {
  EXPECT_EQ(
      yaml_problems(both_ends + "tables: {exclude: [audit.log]}\n"),
      (Messages{"pattern \"audit.log\": names a schema, and a SQLite store has none; put a name that contains a dot in "
                "double quotes"}));
  EXPECT_EQ(yaml_problems(both_ends + "tables: {exclude: ['\"audit.log\"']}\n"), Messages{});
}

TEST(YamlFile, RefusesBadTypeOverrides) {
  EXPECT_EQ(yaml_problems(
                both_ends +
                "types:\n  users: text\n  a.b: {type: date, encodin: unix}\n  a.c: {encoding: unix}\n  a.d: 'x;y'\n"),
            (Messages{"pgmirror.yaml:5:3: types.users: has too few parts; write TABLE.COLUMN",
                      "pgmirror.yaml:6:21: unknown key \"encodin\" in \"types.a.b\"; did you mean \"encoding\"?",
                      "pgmirror.yaml:7:3: types.a.c: names no type",
                      "pgmirror.yaml:8:3: types.a.d: \"x;y\" is not a type name; write it in lower case, for example "
                      "timestamptz"}));
}

TEST(YamlFile, ExpandsVariablesAfterParsingAndInValuesOnly) {
  const auto loaded = load_yaml(
      "source: {url: \"sqlite:///${DIR}/app.db\"}\nmirror:\n  url: postgresql://u@localhost/d\n  password: ${PW}\n",
      {{"DIR", "data"}, {"PW", "x: [*&!#"}});
  EXPECT_EQ(loaded.config.sqlite->file, "/data/app.db");
  EXPECT_EQ(loaded.config.mirrors.front().connection.password, "x: [*&!#");
  EXPECT_EQ(yaml_problems(both_ends + "log: {\"${KEY}\": info}\n", {{"KEY", "level"}}),
            (Messages{"pgmirror.yaml:4:7: unknown key \"${KEY}\" in \"log\""}));
}

TEST(YamlFile, SaysWhereAVariableIsMissing) {
  EXPECT_EQ(yaml_problems(both_ends + "state_dir: ${STATE}\n"),
            (Messages{"pgmirror.yaml:4:12: state_dir: needs the environment variable STATE, which is not set"}));
}

TEST(YamlFile, DoesNotWarnOfVariablesItUses) {
  EXPECT_TRUE(load_yaml(both_ends + "state_dir: ${MIRROR_STATE}\n", {{"MIRROR_STATE", "/s"}}).warnings.empty());
}

TEST(YamlFile, RefusesFilesThatAreTooLargeOrMissing) {
  EXPECT_EQ(yaml_problems("# " + std::string(std::size_t{1} << 20U, 'x')),
            (Messages{"configuration file: pgmirror.yaml is larger than 1024 KiB; is it the right file"}));
  EXPECT_EQ(tests::problems({{"MIRROR_CONFIG", "/nonexistent/p.yaml"}}),
            (Messages{"configuration file: cannot read /nonexistent/p.yaml: No such file or directory"}));
  EXPECT_EQ(tests::problems({{"MIRROR_CONFIG", "/"}}), (Messages{"configuration file: cannot read /: Is a directory"}));
}

TEST(YamlFile, AFileThatIsNoYamlDoesNotHideOtherErrorsNorInventSome) {
  EXPECT_EQ(yaml_problems("a: 1\na: 2\n", {{"MIRROR_DB_POOL", "x"}, {"MIRROR_DB_URL", "postgresql://u@localhost/d"}}),
            (Messages{"pgmirror.yaml:2:1: key \"a\" stands twice in one map, first in line 1; keep one",
                      "MIRROR_DB_POOL: \"x\" is not a number of connections (1 to 64)"}));
}

}  // namespace
}  // namespace pgmirror::config
