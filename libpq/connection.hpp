#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "libpq/database_error.hpp"
#include "libpq/parameters.hpp"
#include "libpq/result.hpp"

namespace pgmirror::libpq {

class CopyIn;
class CopyOut;

/// What a session asks of the server before anything else; a transaction pooler takes neither.
struct Startup {
  std::string options{};     ///< as libpq's `options`: `-c name=value ...`
  bool replication = false;  ///< takes replication commands beside SQL (libpq's replication=database)
  /// Each statement outside of a transaction begins by fixing where names are looked up and how literals are read, in
  /// the same message: for sessions whose search_path somebody else chooses, and that may not keep one of their own.
  bool pin_names = false;
};

/// What DatabaseTransaction and Startup::pin_names fix. Temporary objects come last, since a pooler's server session
/// may have those of somebody else. No query: the isolation level can still be chosen behind it.
inline constexpr const char* pin_names_sql =
    "SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL standard_conforming_strings = on";

/// A statement and its parameters, both of the caller's.
struct Query {
  const char* sql;
  const Parameters& parameters;
};

/// One session with a PostgreSQL server. Belongs to one thread at a time; every call blocks.
///
/// Keeps no session state, so that it works through a transaction pooler: unnamed statements, SET LOCAL only, and no
/// Startup unless asked for. A connection that has thrown an error with connection_lost() is thrown away, never
/// repaired.
class Connection {
 public:
  enum class Access { read_write, read_only };

  /// Connects within 10 seconds or throws DatabaseError. Every parameter that a home directory or the environment could
  /// change is passed explicitly: sslrootcert (present in ~/.postgresql it would turn `require` into a CA check),
  /// sslcert, sslkey, passfile, service, gssencmode. Further parameters of the settings win over our defaults;
  /// `options` is refused. With read_write a standby or read-only server is an error (25006).
  Connection(const config::ConnectionSettings& settings, std::string_view application_name,
             Access access = Access::read_write, const Startup& startup = {});
  ~Connection();
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;

  /// Runs one or several statements separated by `;`, gives the result of the last. Throws DatabaseError.
  Result execute(const std::string& sql);
  /// The same for what a server answers at once: after `limit` without an answer the connection is taken for lost.
  Result execute_within(std::chrono::milliseconds limit, const std::string& sql);
  /// Runs one unnamed statement with parameters; results come as text.
  Result execute(const std::string& sql, const Parameters& parameters);
  /// The same for several, with one round trip; outside of a transaction they are one. Gives the result of each, throws
  /// the first error. Short ones only: all are sent before an answer is read.
  std::vector<Result> execute_together(std::initializer_list<Query> queries);

  /// Starts `COPY ... FROM STDIN`. The connection is busy until the CopyIn has finished or is gone.
  CopyIn copy_in(const std::string& sql);
  /// Starts `COPY ... TO STDOUT`. The connection is busy until the CopyOut is at its end or is gone.
  CopyOut copy_out(const std::string& sql);

  /// The error that libpq or the server reports, filtered; `result` may be null.
  DatabaseError error(const PGresult* result) const;
  /// Asks the server to cancel what runs. Callable from another thread while this connection's thread waits; best
  /// effort.
  void cancel() const;
  /// For pipelines and non-blocking work. The caller leaves the connection as found or throws it away.
  PGconn* native() const { return connection_.get(); }
  /// As PQserverVersion: 150004 for 15.4.
  int server_version() const { return PQserverVersion(connection_.get()); }
  /// Whether the server's session is this connection's alone for as long as it lasts, so that it may keep settings and
  /// prepared statements for the next transaction. Behind a pooler it is not, or cannot be told to be: a pooler gives a
  /// cancel key of its own at the start, the server one with its process number. Asks the server, once. Throws
  /// DatabaseError.
  bool has_own_session();
  bool in_transaction() const;

 private:
  Result checked(PGresult* result) const;
  /// Whether the next statement has to bring its own search_path.
  bool unpinned() const { return pin_names_ && !in_transaction(); }

  std::unique_ptr<PGconn, void (*)(PGconn*)> connection_;
  std::unique_ptr<PGcancel, void (*)(PGcancel*)> cancel_;
  std::string secret_;
  std::string application_name_;
  bool pin_names_ = false;
  std::optional<bool> own_session_;
};

}  // namespace pgmirror::libpq
