#include "libpq/copy_stream.hpp"

namespace pgmirror::libpq {
namespace {

void discard_results(PGconn* connection) {
  while (PGresult* result = PQgetResult(connection)) PQclear(result);
}

/// The server's own reason, where it had one: a failed PQputCopyData says only that the connection is gone.
DatabaseError reason(Connection& connection) {
  const Result result(PQgetResult(connection.native()));
  DatabaseError error = PQresultStatus(result.native()) == PGRES_FATAL_ERROR ? connection.error(result.native())
                                                                             : connection.error(nullptr);
  return error;
}

}  // namespace

CopyIn::~CopyIn() {
  if (connection_ == nullptr || PQstatus(connection_->native()) != CONNECTION_OK) return;
  PQputCopyEnd(connection_->native(), "copy was given up");
  discard_results(connection_->native());
}

void CopyIn::write(std::string_view bytes) {
  // libpq's message length is an int.
  constexpr std::size_t largest = std::size_t{1} << 24U;
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, largest);
    bytes.remove_prefix(piece.size());
    if (PQputCopyData(connection_->native(), piece.data(), static_cast<int>(piece.size())) != 1)
      throw reason(*connection_);
  }
}

std::uint64_t CopyIn::finish() {
  Connection& connection = *connection_;
  connection_ = nullptr;
  if (PQputCopyEnd(connection.native(), nullptr) != 1) throw reason(connection);
  const Result result(PQgetResult(connection.native()));
  if (PQresultStatus(result.native()) != PGRES_COMMAND_OK) {
    DatabaseError error = connection.error(result.native());
    discard_results(connection.native());
    throw error;
  }
  discard_results(connection.native());
  return result.affected();
}

CopyOut::~CopyOut() {
  if (connection_ == nullptr || PQstatus(connection_->native()) != CONNECTION_OK) return;
  connection_->cancel();
  char* row = nullptr;
  while (PQgetCopyData(connection_->native(), &row, 0) > 0) PQfreemem(row);
  discard_results(connection_->native());
}

std::optional<std::string_view> CopyOut::read() {
  if (connection_ == nullptr) return std::nullopt;
  char* row = nullptr;
  const int length = PQgetCopyData(connection_->native(), &row, 0);
  buffer_.reset(row);
  if (length > 0) return std::string_view(row, static_cast<std::size_t>(length));
  Connection& connection = *connection_;
  connection_ = nullptr;
  const Result result(PQgetResult(connection.native()));
  if (length == -2 || PQresultStatus(result.native()) != PGRES_COMMAND_OK) {
    DatabaseError error = connection.error(result.native());
    discard_results(connection.native());
    throw error;
  }
  discard_results(connection.native());
  return std::nullopt;
}

}  // namespace pgmirror::libpq
