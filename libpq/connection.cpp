#include "libpq/connection.hpp"

#include <poll.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "libpq/copy_stream.hpp"

namespace pgmirror::libpq {
namespace {

/// libpq takes an empty value as "not given" and looks into the home directory then; a path that cannot exist is the
/// only way to say "none".
constexpr const char* no_file = "/dev/null/none";
constexpr const char* system_certificates = "/etc/ssl/certs/ca-certificates.crt";

bool is_local(const std::string& host) {
  return host.empty() || host.front() == '/' || host.front() == '@' || host == "localhost" || host == "127.0.0.1" ||
         host == "::1";
}

std::map<std::string, std::string> libpq_parameters(const config::ConnectionSettings& settings,
                                                    std::string_view application_name, Connection::Access access,
                                                    const Startup& startup) {
  std::string sslmode = settings.sslmode;
  if (sslmode.empty()) sslmode = is_local(settings.host) ? "prefer" : "verify-full";
  std::string sslrootcert = settings.sslrootcert;
  if (sslrootcert.empty()) sslrootcert = sslmode.starts_with("verify") ? system_certificates : no_file;

  std::map<std::string, std::string> parameters{
      {"sslcert", no_file},      {"sslkey", no_file},           {"sslcrl", no_file},
      {"passfile", no_file},     {"gssencmode", "disable"},     {"connect_timeout", "10"},
      {"keepalives", "1"},       {"keepalives_idle", "15"},     {"keepalives_interval", "5"},
      {"keepalives_count", "3"}, {"tcp_user_timeout", "30000"}, {"application_name", std::string(application_name)},
  };
  for (const auto& [name, value] : settings.parameters) {
    if (name == "options") {
      throw std::invalid_argument(
          "connection parameter options: poolers refuse it; set it on the role or the database");
    }
    parameters[name] = value;
  }
  // Whatever the URL says, the rest of the program counts on these.
  parameters["host"] = settings.host;
  parameters["port"] = std::to_string(settings.port);
  parameters["dbname"] = settings.database;
  parameters["user"] = settings.user;
  parameters["password"] = settings.password;
  parameters["sslmode"] = sslmode;
  parameters["sslrootcert"] = sslrootcert;
  parameters["client_encoding"] = "UTF8";
  parameters["target_session_attrs"] = access == Connection::Access::read_write ? "read-write" : "any";
  if (!startup.options.empty()) parameters["options"] = startup.options;
  if (startup.replication) parameters["replication"] = "database";
  return parameters;
}

std::string first_line(std::string_view message) {
  while (!message.empty() && (message.front() == '\n' || message.front() == ' ')) message.remove_prefix(1);
  message = message.substr(0, message.find('\n'));
  while (!message.empty() && message.back() == ' ') message.remove_suffix(1);
  return std::string(message);
}

void replace_all(std::string& text, const std::string& what, const std::string& with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

/// Data exceptions quote the value in their primary message: invalid input syntax for type integer: "..."
std::string without_quoted_values(const std::string& message) {
  std::string kept;
  bool inside = false;
  for (const char c : message) {
    if (c == '"') {
      if (!inside) kept += "\"...";
      if (inside) kept += '"';
      inside = !inside;
    } else if (!inside) {
      kept += c;
    }
  }
  return kept;
}

/// libpq 15 gives no SQLSTATE for a refused connection. A message that is not among these (a server that speaks another
/// language) stays without one and counts as a lost connection.
std::string known_sqlstate(std::string_view message) {
  struct Known {
    std::string_view part;
    const char* sqlstate;
  };
  static constexpr std::array<Known, 16> known{{
      {"password authentication failed", "28P01"},
      {"no password supplied", "28P01"},
      {"Wrong password", "28P01"},
      {"too many clients", "53300"},
      {"remaining connection slots", "53300"},
      {"too many connections", "53300"},
      {"no more connections allowed", "53300"},
      {"max clients reached", "53300"},
      {"the database system is", "57P03"},
      {"terminating connection due to administrator", "57P01"},
      {"session is read-only", "25006"},
      {"server is in hot standby mode", "25006"},
      {"no pg_hba.conf entry", "28000"},
      {"is not permitted to log in", "28000"},
      {"permission denied for database", "42501"},
      {"certificate", "08P99"},
  }};
  for (const Known& candidate : known) {
    if (message.find(candidate.part) != std::string_view::npos) return candidate.sqlstate;
  }
  if (message.find("does not exist") != std::string_view::npos) {
    if (message.find("database \"") != std::string_view::npos) return "3D000";
    if (message.find("role \"") != std::string_view::npos) return "28000";
  }
  return {};
}

/// The same as pin_names_sql in one statement; SET LOCAL would be warned of in the server's log, which takes what
/// stands before a Sync for no transaction.
constexpr const char* pin_names_query =
    "SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true),"
    " pg_catalog.set_config('standard_conforming_strings', 'on', true)";

std::string pinned(const std::string& sql) { return std::string(pin_names_sql) + "; " + sql; }

}  // namespace

Connection::Connection(const config::ConnectionSettings& settings, std::string_view application_name, Access access,
                       const Startup& startup)
    : connection_(nullptr, &PQfinish),
      cancel_(nullptr, &PQfreeCancel),
      secret_(settings.password),
      pin_names_(startup.pin_names) {
  const auto parameters = libpq_parameters(settings, application_name, access, startup);
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [name, value] : parameters) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  application_name_ = parameters.at("application_name");
  connection_.reset(PQconnectdbParams(names.data(), values.data(), 0));
  if (!connection_) throw std::bad_alloc();
  if (PQstatus(connection_.get()) != CONNECTION_OK) throw error(nullptr);
  // Notices may hold row values (RAISE NOTICE in a trigger); libpq would print them.
  PQsetNoticeReceiver(
      connection_.get(), [](void*, const PGresult*) {}, nullptr);
  cancel_.reset(PQgetCancel(connection_.get()));
}

Connection::~Connection() = default;
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;

DatabaseError Connection::error(const PGresult* result) const {
  std::string sqlstate;
  std::string message;
  ConstraintName constraint;
  std::string_view whole = PQerrorMessage(connection_.get());
  if (result != nullptr) {
    if (const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE)) sqlstate = state;
    const auto field = [result](int code) {
      const char* const text = PQresultErrorField(result, code);
      return std::string(text == nullptr ? "" : text);
    };
    constraint = {.schema = field(PG_DIAG_SCHEMA_NAME),
                  .table = field(PG_DIAG_TABLE_NAME),
                  .constraint = field(PG_DIAG_CONSTRAINT_NAME)};
    if (const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY)) message = first_line(primary);
    if (const std::string_view of_result = PQresultErrorMessage(result); !of_result.empty()) whole = of_result;
  }
  if (message.empty()) message = first_line(whole);
  if (sqlstate.empty()) sqlstate = known_sqlstate(whole);
  if (message.empty()) message = "connection to the server was lost";
  if (sqlstate.starts_with("22")) message = without_quoted_values(message);
  if (!secret_.empty()) replace_all(message, secret_, "***");
  const bool lost =
      PQstatus(connection_.get()) != CONNECTION_OK || sqlstate.starts_with("08") || sqlstate.starts_with("57P0");
  return DatabaseError(message, std::move(sqlstate), lost, std::move(constraint));
}

Result Connection::checked(PGresult* raw) const {
  Result result(raw);
  switch (PQresultStatus(raw)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_EMPTY_QUERY:
      return result;
    default:
      throw error(raw);
  }
}

Result Connection::execute(const std::string& sql) {
  if (unpinned()) return checked(PQexec(connection_.get(), pinned(sql).c_str()));
  return checked(PQexec(connection_.get(), sql.c_str()));
}

Result Connection::execute_within(std::chrono::milliseconds limit, const std::string& sql) {
  using Clock = std::chrono::steady_clock;
  PGconn* const native = connection_.get();
  const auto deadline = Clock::now() + limit;
  if (PQsendQuery(native, (unpinned() ? pinned(sql) : sql).c_str()) != 1) throw error(nullptr);
  std::unique_ptr<PGresult, void (*)(PGresult*)> last(nullptr, &PQclear);
  for (;;) {
    while (PQisBusy(native) == 1) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
      if (left.count() <= 0) throw DatabaseError("server has not answered in time", {}, true);
      pollfd descriptor{.fd = PQsocket(native), .events = POLLIN, .revents = 0};
      const int ready = ::poll(&descriptor, 1, static_cast<int>(left.count()));
      if (ready < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "poll");
      if (ready > 0 && PQconsumeInput(native) != 1) throw error(nullptr);
    }
    PGresult* const next = PQgetResult(native);
    if (next == nullptr) return checked(last.release());
    last.reset(next);
  }
}

Result Connection::execute(const std::string& sql, const Parameters& parameters) {
  if (unpinned()) return std::move(execute_together({{.sql = sql.c_str(), .parameters = parameters}}).front());
  return checked(PQexecParams(connection_.get(), sql.c_str(), parameters.count(), parameters.types(),
                              parameters.values(), parameters.lengths(), parameters.formats(), 0));
}

/// What stands before one Sync is one transaction, so a setting that comes first holds for the others and no longer.
std::vector<Result> Connection::execute_together(std::initializer_list<Query> queries) {
  PGconn* const native = connection_.get();
  const auto send = [native](const Query& query) {
    const Parameters& with = query.parameters;
    return PQsendQueryParams(native, query.sql, with.count(), with.types(), with.values(), with.lengths(),
                             with.formats(), 0) == 1;
  };
  const Parameters none;
  const bool pins = unpinned();
  const bool sent = PQenterPipelineMode(native) == 1 && (!pins || send({.sql = pin_names_query, .parameters = none})) &&
                    std::ranges::all_of(queries, send) && PQpipelineSync(native) == 1;
  std::vector<Result> answers;
  bool over = false;
  // One null ends each statement's results; two in a row mean that libpq expects nothing more, though the end of the
  // pipeline never came.
  for (bool ended = false; sent && !over && PQstatus(native) == CONNECTION_OK;) {
    Result next(PQgetResult(native));
    if (next.native() == nullptr && ended) break;
    ended = next.native() == nullptr;
    const ExecStatusType status = PQresultStatus(next.native());
    over = !ended && status == PGRES_PIPELINE_SYNC;
    if (!ended && !over && status != PGRES_PIPELINE_ABORTED) answers.push_back(std::move(next));
  }
  if (over) PQexitPipelineMode(native);
  const auto succeeded = [](const Result& answer) {
    const ExecStatusType status = PQresultStatus(answer.native());
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
  };
  if (over && answers.size() == queries.size() + (pins ? 1 : 0) && std::ranges::all_of(answers, succeeded)) {
    if (pins) answers.erase(answers.begin());
    return answers;
  }
  const DatabaseError failure = error(answers.empty() ? nullptr : answers.back().native());
  throw DatabaseError(failure.what(), failure.sqlstate(), failure.connection_lost() || !over, failure.constraint());
}

CopyIn Connection::copy_in(const std::string& sql) {
  const Result result(PQexec(connection_.get(), (unpinned() ? pinned(sql) : sql).c_str()));
  if (PQresultStatus(result.native()) != PGRES_COPY_IN) throw error(result.native());
  return CopyIn(*this);
}

CopyOut Connection::copy_out(const std::string& sql) {
  const Result result(PQexec(connection_.get(), (unpinned() ? pinned(sql) : sql).c_str()));
  if (PQresultStatus(result.native()) != PGRES_COPY_OUT) throw error(result.native());
  return CopyOut(*this);
}

void Connection::cancel() const {
  std::array<char, 256> reason{};
  if (cancel_ && PQcancel(cancel_.get(), reason.data(), static_cast<int>(reason.size())) == 0) {
    spdlog::debug("[MirrorConnection] cancel request was not delivered");
  }
}

bool Connection::has_own_session() {
  if (!own_session_) {
    const Result answer = execute("SELECT pg_catalog.pg_backend_pid(), pg_catalog.current_setting('application_name')");
    // The name beside the number: some poolers count their keys up from one.
    constexpr std::size_t longest_name = 63;
    own_session_ = answer.integer(0, 0) == PQbackendPID(connection_.get()) &&
                   answer.text(0, 1) == std::string_view(application_name_).substr(0, longest_name);
  }
  return *own_session_;
}

bool Connection::in_transaction() const { return PQtransactionStatus(connection_.get()) != PQTRANS_IDLE; }

}  // namespace pgmirror::libpq
