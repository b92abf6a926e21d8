#include "capture/postgres/source_session.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <string>

#include "capture/postgres/server_versions.hpp"
#include "capture/source_refused.hpp"

namespace pgmirror::capture::postgres {
namespace {

struct PinnedSetting {
  const char* name;
  const char* given;   ///< in the startup packet
  const char* answer;  ///< as current_setting() prints it then
};

/// Settings that change how values or definitions are printed, how the texts that triggers have logged are read, which
/// rows are seen, or when a session ends.
constexpr std::array<PinnedSetting, 16> pinned{{
    {"datestyle", "ISO,MDY", "ISO, MDY"},
    {"intervalstyle", "postgres", "postgres"},
    {"timezone", "UTC", "UTC"},
    {"extra_float_digits", "3", "3"},
    {"bytea_output", "hex", "hex"},
    {"lc_monetary", "C", "C"},
    {"search_path", "", ""},
    {"row_security", "off", "off"},
    {"array_nulls", "on", "on"},
    {"xmloption", "content", "content"},
    {"quote_all_identifiers", "off", "off"},
    {"standard_conforming_strings", "on", "on"},
    {"statement_timeout", "0", "0"},
    {"lock_timeout", "0", "0"},
    {"idle_in_transaction_session_timeout", "0", "0"},
    {"default_transaction_read_only", "off", "off"},
}};

/// Where our machine or the line goes away without a word, the server must not keep a snapshot, its locks and a
/// connection for the two hours that systems usually take to notice. Not checked: a local socket has none of these.
constexpr std::string_view soon_noticed =
    "-c tcp_keepalives_idle=15 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3 -c tcp_user_timeout=30000 ";

std::string startup_options() {
  std::string options(soon_noticed);
  for (const PinnedSetting& setting : pinned) options += fmt::format("-c {}={} ", setting.name, setting.given);
  return options;
}

void expect_setting(const config::ConnectionSettings& settings, std::string_view name, std::string_view answer,
                    std::string_view wanted) {
  if (answer == wanted) return;
  throw SourceRefused(
      fmt::format("source {}: the session's {} is \"{}\" though \"{}\" was asked for, so values would not come as they "
                  "are; connect to the server itself, not through a pooler",
                  settings.address(), name, answer, wanted));
}

/// As poolers put it who do not know `replication` or `options`.
constexpr std::string_view refused_by_pooler = "unsupported startup parameter";

/// Whoever asks the agent to end waits for an attempt to connect, and behind it for what is asked at once. A gateway
/// that takes everything and hands on nothing would keep both for ever.
constexpr std::chrono::seconds patience{5};

libpq::Connection connect(const config::ConnectionSettings& settings, std::string_view application_name,
                          bool replication) {
  config::ConnectionSettings impatient = settings;
  impatient.parameters.emplace("connect_timeout", std::to_string(patience.count()));
  try {
    return {impatient,
            application_name,
            libpq::Connection::Access::read_only,
            {.options = startup_options(), .replication = replication}};
  } catch (const libpq::DatabaseError& refused) {
    if (std::string_view(refused.what()).find(refused_by_pooler) == std::string_view::npos) throw;
    throw SourceRefused(
        fmt::format("source {}: a pooler answers there ({}), and a source has to be followed on the server itself; put "
                    "the server's own host and port into MIRROR_SOURCE_URL",
                    settings.address(), refused.what()));
  }
}

libpq::Connection open_session(const config::ConnectionSettings& settings, std::string_view application_name,
                               bool replication) {
  libpq::Connection connection = connect(settings, application_name, replication);
  std::string question = "SELECT pg_catalog.current_setting('client_encoding')";
  for (const PinnedSetting& setting : pinned)
    question += fmt::format(", pg_catalog.current_setting('{}')", setting.name);
  const libpq::Result answers = connection.execute_within(patience, question);
  expect_setting(settings, "client_encoding", answers.text(0, 0), "UTF8");
  int column = 0;
  for (const PinnedSetting& setting : pinned)
    expect_setting(settings, setting.name, answers.text(0, ++column), setting.answer);
  if (const std::string late = late_settings_sql(connection.server_version()); !late.empty())
    connection.execute_within(patience, late);
  return connection;
}

}  // namespace

std::string late_settings_sql(int server_version) {
  std::string sql;
  if (server_version >= since::idle_session_timeout) sql += "SET idle_session_timeout = 0";
  if (server_version >= since::transaction_timeout) sql += "; SET transaction_timeout = 0";
  return sql;
}

libpq::Connection open_source_session(const config::ConnectionSettings& settings, std::string_view application_name) {
  return open_session(settings, application_name, false);
}

libpq::Connection open_replication_session(const config::ConnectionSettings& settings,
                                           std::string_view application_name) {
  return open_session(settings, application_name, true);
}

}  // namespace pgmirror::capture::postgres
