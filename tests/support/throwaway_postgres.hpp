#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "config/config.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/temporary_directory.hpp"

namespace pgmirror::tests {

struct PostgresOptions {
  std::map<std::string, std::string> settings{};  ///< lines of postgresql.conf, they win over the defaults
};

/// A PostgreSQL 15 cluster of the test's own: data, Unix socket and a free loopback port in one temporary directory.
///
/// The cluster is a copy of a template that initdb made once for this build directory, runs with fsync=off and
/// wal_level=logical, trusts everybody on loopback, and dies with the test process, however that ends. As root it runs
/// as user postgres. A missing PostgreSQL throws with the remedy. The constructor blocks until the server answers. One
/// thread at a time, any thread.
class ThrowawayPostgres {
 public:
  explicit ThrowawayPostgres(const PostgresOptions& options = {});
  ~ThrowawayPostgres();
  ThrowawayPostgres(const ThrowawayPostgres&) = delete;
  ThrowawayPostgres& operator=(const ThrowawayPostgres&) = delete;

  /// Blocks until the server answers; the port stays the same over restarts.
  void start();
  /// Fast shutdown: open transactions are rolled back, everything is flushed.
  void stop();
  /// Immediate shutdown: as after a crash, recovery at the next start.
  void stop_immediately();
  /// SIGKILL for the server and all its backends.
  void kill();
  /// Immediate shutdown and start.
  void restart_immediately();
  /// Holds for the next start.
  void set(const std::string& name, const std::string& value);

  /// A new empty database, reached by the superuser `postgres` over loopback TCP without TLS.
  config::ConnectionSettings create_database();
  /// The database `postgres`, for administration.
  config::ConnectionSettings administration() const;
  std::uint16_t port() const { return port_; }
  std::filesystem::path socket_directory() const { return directory_.path(); }
  std::filesystem::path data_directory() const { return directory_ / "data"; }
  /// What the server logged.
  std::string log() const;

 private:
  void write_configuration() const;
  bool answers() const;

  TemporaryDirectory directory_;
  std::map<std::string, std::string> settings_;
  std::uint16_t port_ = 0;
  unsigned databases_ = 0;
  std::unique_ptr<ChildProcess> server_;
};

/// The cluster that all tests of one program share, started at the first call. Tests keep apart by create_database().
ThrowawayPostgres& shared_postgres();

}  // namespace pgmirror::tests
