/// The least that a copy of a SQLite table into PostgreSQL can cost: step through the rows, COPY BINARY into a table
/// with the same primary key (the first column), nothing else.
///
///   sqlite_copy_baseline FILE TABLE CONNECTION
///
/// Makes table `baseline` in the target (bigint, double precision, text or bytea by the class of the first row's
/// cells), fills it and prints rows, seconds and rows/s.
#include <endian.h>
#include <fmt/format.h>
#include <libpq-fe.h>
#include <sqlite3.h>

#include <bit>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using Database = std::unique_ptr<sqlite3, decltype(&sqlite3_close)>;
using Statement = std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)>;
using Server = std::unique_ptr<PGconn, decltype(&PQfinish)>;

Database open_database(const char* file) {
  sqlite3* database = nullptr;
  if (sqlite3_open_v2(file, &database, SQLITE_OPEN_READONLY, nullptr) != SQLITE_OK)
    throw std::runtime_error(fmt::format("{}: {}", file, sqlite3_errmsg(database)));
  return {database, sqlite3_close};
}

void execute(PGconn* server, const std::string& sql, ExecStatusType expected) {
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(server, sql.c_str()), PQclear);
  if (PQresultStatus(result.get()) != expected) throw std::runtime_error(PQerrorMessage(server));
}

template <typename Number>
void append(std::string& out, Number big_endian) {
  out.append(reinterpret_cast<const char*>(&big_endian), sizeof big_endian);
}

void append_cell(std::string& out, sqlite3_stmt* row, int column) {
  switch (sqlite3_column_type(row, column)) {
    case SQLITE_NULL:
      append(out, htobe32(0xffffffffU));
      break;
    case SQLITE_INTEGER:
      append(out, htobe32(8));
      append(out, htobe64(static_cast<std::uint64_t>(sqlite3_column_int64(row, column))));
      break;
    case SQLITE_FLOAT:
      append(out, htobe32(8));
      append(out, htobe64(std::bit_cast<std::uint64_t>(sqlite3_column_double(row, column))));
      break;
    default: {
      const void* bytes = sqlite3_column_blob(row, column);
      const auto size = static_cast<std::uint32_t>(sqlite3_column_bytes(row, column));
      append(out, htobe32(size));
      if (size > 0) out.append(static_cast<const char*>(bytes), size);
    }
  }
}

const char* type_of(int storage_class) {
  switch (storage_class) {
    case SQLITE_INTEGER:
      return "bigint";
    case SQLITE_FLOAT:
      return "double precision";
    case SQLITE_BLOB:
      return "bytea";
    default:
      return "text";
  }
}

std::string create_table(sqlite3_stmt* first_row) {
  std::string columns;
  for (int column = 0; column < sqlite3_column_count(first_row); ++column)
    columns += fmt::format("{}c{} {}{}", column == 0 ? "" : ", ", column,
                           type_of(sqlite3_column_type(first_row, column)), column == 0 ? " PRIMARY KEY" : "");
  return "DROP TABLE IF EXISTS baseline; CREATE TABLE baseline (" + columns + ")";
}

void send(PGconn* server, std::string& buffer) {
  if (PQputCopyData(server, buffer.data(), static_cast<int>(buffer.size())) != 1)
    throw std::runtime_error(PQerrorMessage(server));
  buffer.clear();
}

std::uint64_t copy(sqlite3_stmt* rows, PGconn* server) {
  constexpr std::size_t chunk = 256U << 10U;
  execute(server, "COPY baseline FROM STDIN (FORMAT binary)", PGRES_COPY_IN);
  std::string buffer("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
  const auto columns = static_cast<std::uint16_t>(sqlite3_column_count(rows));
  std::uint64_t count = 0;
  do {
    append(buffer, htobe16(columns));
    for (int column = 0; column < columns; ++column) append_cell(buffer, rows, column);
    if (buffer.size() > chunk) send(server, buffer);
    ++count;
  } while (sqlite3_step(rows) == SQLITE_ROW);
  append(buffer, htobe16(0xffff));
  send(server, buffer);
  if (PQputCopyEnd(server, nullptr) != 1) throw std::runtime_error(PQerrorMessage(server));
  while (PGresult* result = PQgetResult(server)) {
    const bool done = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    if (!done) throw std::runtime_error(PQerrorMessage(server));
  }
  return count;
}

void run(const char* file, const std::string& table, const char* connection) {
  const Database database = open_database(file);
  sqlite3_stmt* handle = nullptr;
  if (sqlite3_prepare_v2(database.get(), ("SELECT * FROM " + table).c_str(), -1, &handle, nullptr) != SQLITE_OK)
    throw std::runtime_error(sqlite3_errmsg(database.get()));
  const Statement rows(handle, sqlite3_finalize);
  const Server server(PQconnectdb(connection), PQfinish);
  if (PQstatus(server.get()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(server.get()));
  if (sqlite3_step(handle) != SQLITE_ROW) throw std::runtime_error(table + " has no rows");

  const auto start = std::chrono::steady_clock::now();
  execute(server.get(), "SET client_min_messages = warning; BEGIN; SET LOCAL synchronous_commit = off",
          PGRES_COMMAND_OK);
  execute(server.get(), create_table(handle), PGRES_COMMAND_OK);
  const auto count = copy(handle, server.get());
  execute(server.get(), "COMMIT", PGRES_COMMAND_OK);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  fmt::print("{} rows {:.2f} s {:.0f} rows/s\n", count, taken.count(), static_cast<double>(count) / taken.count());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: sqlite_copy_baseline FILE TABLE CONNECTION\n");
    return 64;
  }
  try {
    run(argv[1], argv[2], argv[3]);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "sqlite_copy_baseline: {}\n", error.what());
    return 1;
  }
}
