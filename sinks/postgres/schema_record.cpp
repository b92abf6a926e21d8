#include "sinks/postgres/schema_record.hpp"

#include <spdlog/spdlog.h>

#include <utility>

#include "sinks/postgres/failure.hpp"

namespace pgmirror::sinks::postgres {

SchemaRecord::SchemaRecord(libpq::Connection& connection, std::string mirror, change::Position position)
    : connection_(connection), mirror_(std::move(mirror)), position_(position) {}

void SchemaRecord::run(const std::string& statement, std::string_view reason) {
  connection_.execute(statement);
  connection_.execute(
      "INSERT INTO pgmirror.schema_history (mirror, position, statement, reason) VALUES ($1, $2, $3, $4)",
      libpq::Parameters{}
          .text(mirror_)
          .integer(static_cast<std::int64_t>(position_.value))
          .text(statement)
          .text(reason));
  spdlog::info("[MirrorSchema] Followed the source: {}", reason);
}

void SchemaRecord::attempt(const std::string& object, const std::string& statement, std::string_view reason) {
  connection_.execute("SAVEPOINT pgmirror_object");
  try {
    run(statement, reason);
    connection_.execute("RELEASE SAVEPOINT pgmirror_object");
  } catch (const libpq::DatabaseError& error) {
    if (classify(error).kind != FailureKind::poison) throw;
    connection_.execute("ROLLBACK TO SAVEPOINT pgmirror_object; RELEASE SAVEPOINT pgmirror_object");
    spdlog::warn("[MirrorSchema] Left out: {}: the mirror refuses it: {}", object, error.what());
  }
}

}  // namespace pgmirror::sinks::postgres
