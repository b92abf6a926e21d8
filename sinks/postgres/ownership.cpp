#include "sinks/postgres/ownership.hpp"

#include <fmt/format.h>

#include "sinks/postgres/checkpoint.hpp"

namespace pgmirror::sinks::postgres {

std::vector<std::string> Ownership::settings(SettingScope scope) const {
  // Statements name rows by key, a batch at a time. With the server's own figures for a page out of order it would
  // rather read all of a middling table for each batch, and compile the statement for that.
  std::vector<std::string> statements{
      pin_settings_sql(scope, {{"synchronous_commit", "off"}, {"random_page_cost", "1.1"}, {"jit", "off"}})};
  // By the SET command only: where extensions grant it to ordinary roles, they hook the command, not set_config().
  if (replica_role) {
    statements.push_back(fmt::format("SET {} session_replication_role = replica",
                                     scope == SettingScope::transaction ? "LOCAL" : "SESSION"));
  }
  return statements;
}

libpq::Parameters Ownership::checkpoint_step(change::Position expected, const change::Commit& next) const {
  constexpr Oid timestamptz_oid = 1184;
  libpq::Parameters parameters;
  parameters.text(mirror);
  parameters.integer(epoch);
  parameters.integer(static_cast<std::int64_t>(expected.value));
  parameters.integer(static_cast<std::int64_t>(next.position.value));
  parameters.binary(timestamptz_bytes(next.time), timestamptz_oid);
  return parameters;
}

}  // namespace pgmirror::sinks::postgres
