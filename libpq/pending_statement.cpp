#include "libpq/pending_statement.hpp"

namespace pgmirror::libpq {
namespace {

void discard_results(PGconn* connection) {
  while (PGresult* result = PQgetResult(connection)) PQclear(result);
}

}  // namespace

PendingStatement::PendingStatement(Connection& connection, const std::string& sql, const Parameters& parameters)
    : connection_(&connection) {
  if (PQsendQueryParams(connection.native(), sql.c_str(), parameters.count(), parameters.types(), parameters.values(),
                        parameters.lengths(), parameters.formats(), 0) != 1) {
    throw connection.error(nullptr);
  }
}

PendingStatement::~PendingStatement() {
  if (connection_ != nullptr) discard_results(connection_->native());
}

Result PendingStatement::answer() {
  Connection& connection = *connection_;
  connection_ = nullptr;
  Result result(PQgetResult(connection.native()));
  const ExecStatusType status = PQresultStatus(result.native());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
    DatabaseError failure = connection.error(result.native());
    discard_results(connection.native());
    throw failure;
  }
  discard_results(connection.native());
  return result;
}

}  // namespace pgmirror::libpq
