#include "tests/unit/config/loading.hpp"

namespace pgmirror::config {
namespace {

using tests::enough;
using tests::load;
using tests::Messages;
using tests::problems;

TEST(EnvironmentSettings, EveryVariableOfTheContractTakesEffect) {
  const Config config = load({{"DATABASE_MIRROR_ENABLED", "true"},
                              {"MIRROR_SOURCE_URL", "sqlite:///data/app.db"},
                              {"MIRROR_DB_HOST", "127.0.0.1"},
                              {"MIRROR_DB_PORT", "6543"},
                              {"MIRROR_DB_NAME", "copy"},
                              {"MIRROR_DB_USER", "app"},
                              {"MIRROR_DB_PASSWORD", " with blanks "},
                              {"MIRROR_DB_POOL", "7"},
                              {"MIRROR_APPLY_CONNECTIONS", "1"},
                              {"MIRROR_DB_SSLMODE", "require"},
                              {"MIRROR_DB_SCHEMA", "shop"},
                              {"MIRROR_EXCLUDE_TABLES", "api_keys,sessions,audit_*"},
                              {"MIRROR_EXCLUDE_COLUMNS", "users.password_digest"},
                              {"MIRROR_INCLUDE_TABLES", "users,audit_log,orders"},
                              {"MIRROR_STATE_DIR", "/s"},
                              {"MIRROR_LOG_LEVEL", "warn"},
                              {"MIRROR_LOG_FORMAT", "json"},
                              {"MIRROR_HTTP_LISTEN", "0.0.0.0:80"},
                              {"MIRROR_QUEUE_DISK_BUDGET", "5MiB"},
                              {"MIRROR_QUEUE_RETENTION", "90s"},
                              {"MIRROR_ON_POISON", "stop"},
                              {"MIRROR_SWITCH_TO_WAL", "1"},
                              {"MIRROR_DROP_TABLES", "yes"},
                              {"MIRROR_FOREIGN_KEYS", "no"}});
  const Mirror& mirror = config.mirrors.at(0);
  EXPECT_EQ(config.source_url, "sqlite:///data/app.db");
  EXPECT_EQ(mirror.name, "mirror");
  EXPECT_EQ(mirror.connection.address(), "127.0.0.1:6543/copy");
  EXPECT_EQ(mirror.connection.user, "app");
  EXPECT_EQ(mirror.connection.password, " with blanks ");
  EXPECT_EQ(mirror.pool, 7U);
  EXPECT_EQ(mirror.apply_connections, 1U);
  EXPECT_EQ(mirror.connection.sslmode, "require");
  EXPECT_EQ(mirror.schema, "shop");
  EXPECT_TRUE(config.tables.includes_table("", "users"));
  EXPECT_FALSE(config.tables.includes_table("", "audit_log"));
  EXPECT_FALSE(config.tables.includes_table("", "other"));
  EXPECT_FALSE(config.tables.includes_column("", "users", "password_digest"));
  EXPECT_EQ(config.state_dir, "/s");
  EXPECT_EQ(config.log.level, "warn");
  EXPECT_EQ(config.log.format, LogFormat::json);
  EXPECT_EQ(config.http_listen, "0.0.0.0:80");
  EXPECT_EQ(config.queue.disk_budget_bytes, std::uint64_t{5} << 20U);
  EXPECT_EQ(config.queue.retention, std::chrono::seconds(90));
  EXPECT_EQ(mirror.on_poison, PoisonRule::stop);
  EXPECT_TRUE(config.sqlite->switch_to_wal);
  EXPECT_TRUE(mirror.drop_tables);
  EXPECT_FALSE(mirror.foreign_keys);
}

TEST(EnvironmentSettings, DefaultsAreThoseOfTheTable) {
  const Config config = load(enough());
  EXPECT_TRUE(config.enabled);
  EXPECT_EQ(config.mirrors.at(0).connection.port, 5432);
  EXPECT_EQ(config.mirrors.at(0).pool, 3U);
  EXPECT_EQ(config.mirrors.at(0).schema, "public");
  EXPECT_EQ(config.state_dir, "/var/lib/pgmirror");
  EXPECT_FALSE(config.sqlite->switch_to_wal);
  EXPECT_EQ(config.http_listen, "");
}

TEST(EnvironmentSettings, NothingAtAllSaysWhatToSet) {
  EXPECT_EQ(problems({}),
            (Messages{"source: none is given; set MIRROR_SOURCE_URL, for example sqlite:///data/app.db",
                      "mirror: none is given; set MIRROR_DB_URL, or MIRROR_DB_HOST, MIRROR_DB_NAME, MIRROR_DB_USER and "
                      "MIRROR_DB_PASSWORD"}));
}

TEST(EnvironmentSettings, EmptyVariablesCountAsNotSet) {
  EXPECT_EQ(load(enough({{"MIRROR_DB_PORT", ""}, {"MIRROR_DB_SSLROOTCERT", ""}})).mirrors.at(0).connection.port, 5432);
}

TEST(EnvironmentSettings, BadValuesAreAllNamed) {
  EXPECT_EQ(problems(enough(
                {{"MIRROR_DB_PORT", "abc"}, {"MIRROR_SWITCH_TO_WAL", "maybe"}, {"MIRROR_EXCLUDE_TABLES", "a,b..c"}})),
            (Messages{"MIRROR_SWITCH_TO_WAL: \"maybe\" is neither true nor false",
                      "MIRROR_EXCLUDE_TABLES: pattern \"b..c\" has an empty part; write TABLE or SCHEMA.TABLE",
                      "MIRROR_DB_PORT: \"abc\" is not a port (1 to 65535)"}));
}

TEST(EnvironmentSettings, MistypedVariablesAreWarnedOf) {
  const auto loaded = load_config(
      {},
      enough(
          {{"MIRROR_DB_PASWORD", "S3cret-tok"}, {"DATABASE_MIRROR_ENABLE", "no"}, {"MIRROR_X", "1"}, {"OTHER", "1"}}));
  EXPECT_EQ(
      loaded.warnings,
      (Messages{"DATABASE_MIRROR_ENABLE: is no setting and has no effect; did you mean \"DATABASE_MIRROR_ENABLED\"?",
                "MIRROR_DB_PASWORD: is no setting and has no effect; did you mean \"MIRROR_DB_PASSWORD\"?",
                "MIRROR_X: is no setting and has no effect"}));
}

TEST(EnvironmentSettings, DisabledNeedsNothingElse) {
  const auto loaded = load_config({}, {{"DATABASE_MIRROR_ENABLED", "false"}, {"MIRROR_LOG_FORMAT", "json"}});
  EXPECT_FALSE(loaded.config.enabled);
  EXPECT_EQ(loaded.config.log.format, LogFormat::json);
  EXPECT_TRUE(loaded.warnings.empty());
}

TEST(EnvironmentSettings, DisabledTurnsErrorsIntoWarnings) {
  const auto loaded =
      load_config({}, {{"DATABASE_MIRROR_ENABLED", "false"}, {"MIRROR_DB_PASSWORD_FILE", "/nonexistent/pw"}});
  EXPECT_EQ(loaded.warnings,
            (Messages{"MIRROR_DB_PASSWORD_FILE: cannot read /nonexistent/pw: No such file or directory"}));
}

TEST(EnvironmentSettings, AMistypedSwitchIsAnErrorAndNotEnabled) {
  EXPECT_EQ(problems(enough({{"DATABASE_MIRROR_ENABLED", "flase"}})),
            (Messages{"DATABASE_MIRROR_ENABLED: \"flase\" is neither true nor false"}));
}

TEST(EnvironmentSettings, TheProcessEnvironmentIsRead) {
  ::setenv("PGMIRROR_TEST_VARIABLE", "a=b", 1);
  EXPECT_EQ(process_environment().at("PGMIRROR_TEST_VARIABLE"), "a=b");
}

}  // namespace
}  // namespace pgmirror::config
