#include "config/source_settings.hpp"

#include <fmt/format.h>

#include "config/connection_url.hpp"
#include "config/mirror_settings.hpp"
#include "config/sqlite_url.hpp"

namespace pgmirror::config {
namespace {

void read_postgres(ValueReader& reader, PostgresSource& source) {
  reader.read("capture.postgres.slot", source.slot, parse_slot_name);
  reader.read("capture.postgres.publication", source.publication, parse_plain_text);
  const GivenValue* const include = reader.find("schema.include");
  if (include == nullptr) return;
  source.views = source.functions = source.triggers = source.policies = false;
  for (const std::string& kind : reader.read_list("schema.include")) {
    if (kind == "views") {
      source.views = true;
    } else if (kind == "functions") {
      source.functions = true;
    } else if (kind == "triggers") {
      source.triggers = source.functions = true;
    } else if (kind == "policies") {
      source.policies = true;
    } else if (kind != "none") {
      reader.problem(*include, fmt::format("{} is none of views, functions, triggers, policies, none", kind));
    }
  }
}

}  // namespace

void read_source(ValueReader& reader, Config& config) {
  const GivenValue* const url = reader.find("source.url");
  if (url == nullptr) return;
  try {
    if (url->text.starts_with("sqlite:")) {
      config.source_url = url->text;
      config.sqlite = SqliteSource{parse_sqlite_url(url->text)};
    } else if (is_postgres_url(url->text)) {
      const ConnectionSettings connection = read_source_url(url->text);
      config.source_url = fmt::format("postgresql://{}@{}", connection.user, connection.address());
      config.postgres = PostgresSource{.connection = connection};
    } else {
      throw InvalidValue(
          "names no store that can be followed; write sqlite:///data/app.db or postgresql://user@host/database");
    }
  } catch (const InvalidValue& why) {
    reader.problem(*url, why.what());
  }
  CaptureMethod method = PostgresSource{}.method;
  reader.read("capture.postgres.method", method, parse_capture_method);
  if (config.postgres) {
    config.postgres->method = method;
    read_postgres(reader, *config.postgres);
  }
  if (config.sqlite) reader.read("capture.sqlite.switch_to_wal", config.sqlite->switch_to_wal, parse_boolean);
}

}  // namespace pgmirror::config
