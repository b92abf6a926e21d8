#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <pqxx/connection>
#include <string>
#include <thread>
#include <vector>

#include "capture/postgres/postgres_source.hpp"
#include "tests/scenario/postgres_source/transaction_log.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/throwaway_postgres.hpp"

namespace pgmirror::tests {

/// A database that a PostgresSource follows into a TransactionLog. The database is new, and what the source left on the
/// server goes with this object.
class FollowedServer {
 public:
  explicit FollowedServer(ThrowawayPostgres& server = shared_postgres());
  ~FollowedServer();
  FollowedServer(const FollowedServer&) = delete;
  FollowedServer& operator=(const FollowedServer&) = delete;

  /// Runs SQL as the application would. Gives the first column of the first row, or nothing.
  std::string sql(const std::string& statements);
  /// A session of its own, for transactions that stay open.
  std::unique_ptr<pqxx::connection> open_session() const;
  /// As sql(), in the database `postgres`.
  std::string administer(const std::string& statements);

  /// Makes the source and follows on a thread. Throws what the source's constructor throws.
  void start();
  /// Asks run() to end and waits for it; the source stays.
  void end_run();
  /// The same, and the source goes.
  void stop();
  /// And the server has noticed: the slot is free, and those of a backlog's readers are gone.
  void stop_and_free_slot();
  /// The server's process that streams the slot, once there is one: moving a slot makes it active too.
  std::string streaming_process();
  /// Waits for run() to end by itself and gives the refusal; nothing where it goes on.
  std::string wait_for_refusal(std::chrono::milliseconds patience = std::chrono::seconds{60});
  /// What the constructor of a source says now; empty when it accepts.
  std::string refusal_at_start();

  /// Everything committed so far is durable in the log.
  bool caught_up(std::chrono::milliseconds deadline = std::chrono::seconds{30});
  /// Changes that came since the last call, when everything committed so far is there.
  std::vector<std::string> new_changes();

  /// As the server's slot has it.
  change::Position confirmed();
  change::Position server_position();
  std::string slot() const;

  TransactionLog& log() { return log_; }
  capture::postgres::PostgresSource& source() { return *source_; }
  ThrowawayPostgres& server() { return server_; }

  /// Read by start().
  config::PostgresSource settings;
  config::TableRules rules{};
  capture::postgres::SourcePace pace{.idle_advance = std::chrono::milliseconds{300},
                                     .catalog_poll = std::chrono::milliseconds{100}};
  /// What the queue remembers of the source; empty before the first start.
  std::optional<change::SourceIdentity> identity{};

  /// Address of the server itself, whatever `settings` says.
  const config::ConnectionSettings direct;

 private:
  std::unique_ptr<capture::postgres::PostgresSource> make_source();

  ThrowawayPostgres& server_;
  TemporaryDirectory state_;
  TransactionLog log_;
  std::unique_ptr<capture::postgres::PostgresSource> source_;
  std::string refusal_;
  std::atomic<bool> ended_ = false;
  std::size_t taken_ = 0;
  std::jthread thread_;
};

}  // namespace pgmirror::tests
