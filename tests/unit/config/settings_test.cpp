#include "config/settings.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "config/duration.hpp"
#include "config/setting_value.hpp"
#include "config/small_file.hpp"
#include "tests/unit/config/loading.hpp"

namespace pgmirror::config {
namespace {

TEST(Settings, TheContractsVariablesAreAllThere) {
  std::vector<std::string> expected{"DATABASE_MIRROR_ENABLED",
                                    "MIRROR_APPLY_CONNECTIONS",
                                    "MIRROR_CAPTURE_METHOD",
                                    "MIRROR_CONFIG",
                                    "MIRROR_DB_HOST",
                                    "MIRROR_DB_NAME",
                                    "MIRROR_DB_PASSWORD",
                                    "MIRROR_DB_PASSWORD_FILE",
                                    "MIRROR_DB_POOL",
                                    "MIRROR_DB_PORT",
                                    "MIRROR_DB_SCHEMA",
                                    "MIRROR_DB_SSLMODE",
                                    "MIRROR_DB_SSLROOTCERT",
                                    "MIRROR_DB_URL",
                                    "MIRROR_DB_URL_FILE",
                                    "MIRROR_DB_USER",
                                    "MIRROR_DROP_TABLES",
                                    "MIRROR_EXCLUDE_COLUMNS",
                                    "MIRROR_EXCLUDE_TABLES",
                                    "MIRROR_FOREIGN_KEYS",
                                    "MIRROR_HTTP_LISTEN",
                                    "MIRROR_INCLUDE_TABLES",
                                    "MIRROR_LOG_FORMAT",
                                    "MIRROR_LOG_LEVEL",
                                    "MIRROR_ON_POISON",
                                    "MIRROR_PARTITIONED_TABLES",
                                    "MIRROR_PUBLICATION",
                                    "MIRROR_QUEUE_DISK_BUDGET",
                                    "MIRROR_QUEUE_RETENTION",
                                    "MIRROR_SCHEMA_INCLUDE",
                                    "MIRROR_SLOT",
                                    "MIRROR_SOURCE_URL",
                                    "MIRROR_SOURCE_URL_FILE",
                                    "MIRROR_STATE_DIR",
                                    "MIRROR_SWITCH_TO_WAL",
                                    "MIRROR_VERIFY_EVERY",
                                    "MIRROR_VERIFY_RATE"};
  std::vector<std::string> known = known_variables();
  std::sort(known.begin(), known.end());
  EXPECT_EQ(known, expected);
}

TEST(Settings, KeysAndVariablesAreUnique) {
  std::set<std::string_view> keys;
  for (const Setting& setting : settings()) EXPECT_TRUE(keys.insert(setting.key).second) << setting.key;
  const auto variables = known_variables();
  EXPECT_EQ(std::set<std::string>(variables.begin(), variables.end()).size(), variables.size());
}

/// The defaults stand in two places, in Config and in what the user reads.
TEST(Settings, DefaultsInTheTableAreThoseOfThePlainStructs) {
  const Config config;
  const Mirror mirror;
  EXPECT_EQ(parse_boolean(find_setting("enabled")->default_text), config.enabled);
  EXPECT_EQ(parse_boolean(find_setting("capture.sqlite.switch_to_wal")->default_text), SqliteSource{}.switch_to_wal);
  EXPECT_EQ(parse_capture_method(find_setting("capture.postgres.method")->default_text), PostgresSource{}.method);
  EXPECT_EQ(parse_port(find_setting("mirror.port")->default_text), mirror.connection.port);
  EXPECT_EQ(find_setting("mirror.schema")->default_text, mirror.schema);
  EXPECT_EQ(parse_pool(find_setting("mirror.pool")->default_text), mirror.pool);
  EXPECT_EQ(parse_apply_connections(find_setting("mirror.apply_connections")->default_text), mirror.apply_connections);
  EXPECT_EQ(parse_poison_rule(find_setting("mirror.on_poison")->default_text), mirror.on_poison);
  EXPECT_EQ(parse_boolean(find_setting("mirror.foreign_keys")->default_text), mirror.foreign_keys);
  EXPECT_EQ(parse_boolean(find_setting("mirror.drop_tables")->default_text), mirror.drop_tables);
  EXPECT_EQ(find_setting("state_dir")->default_text, config.state_dir.string());
  EXPECT_EQ(parse_disk_budget(find_setting("queue.disk_budget")->default_text), config.queue.disk_budget_bytes);
  EXPECT_EQ(parse_duration(find_setting("verify.every")->default_text), config.verify_every);
  EXPECT_EQ(parse_rate(find_setting("verify.rate")->default_text), config.verify_rate);
  EXPECT_EQ(parse_duration(find_setting("queue.retention")->default_text), config.queue.retention);
  EXPECT_EQ(find_setting("log.level")->default_text, config.log.level);
  EXPECT_EQ(parse_log_format(find_setting("log.format")->default_text), config.log.format);
}

TEST(Settings, ValuesOfAnotherKindAreRefusedForEveryVariable) {
  for (const Setting& setting : settings()) {
    const bool anything_goes = setting.kind == SettingKind::text || setting.kind == SettingKind::patterns;
    if (setting.variable.empty() || setting.key == "config" || anything_goes) continue;
    const std::string wrong = setting.kind == SettingKind::file ? "a\nb" : "?!";
    const std::string variable(setting.variable);
    Environment environment = tests::enough();
    environment[variable] = wrong;
    const auto messages = tests::problems(environment);
    ASSERT_EQ(messages.size(), 1U) << variable;
    EXPECT_TRUE(messages[0].starts_with(variable + ": ")) << messages[0];
  }
}

TEST(Settings, TheDocumentationHoldsTheListing) {
  const std::string documentation = read_small_file(PGMIRROR_SOURCE_DIRECTORY "/docs/configuration.md", 1U << 20U);
  EXPECT_NE(documentation.find(settings_listing()), std::string::npos)
      << "docs/configuration.md should hold this table:\n"
      << settings_listing();
}

TEST(Settings, TheListingHasALineForEach) {
  const std::string listing = settings_listing();
  EXPECT_EQ(std::count(listing.begin(), listing.end(), '\n'), static_cast<std::ptrdiff_t>(settings().size()) + 2);
  EXPECT_NE(listing.find("| `MIRROR_DB_PASSWORD` or `MIRROR_DB_PASSWORD_FILE` | `mirror.password` or "
                         "`mirror.password_file` |  |"),
            std::string::npos)
      << listing;
}

}  // namespace
}  // namespace pgmirror::config
