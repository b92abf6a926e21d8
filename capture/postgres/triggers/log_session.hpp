#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

#include "capture/postgres/connection_breaker.hpp"
#include "capture/postgres/postgres_source.hpp"
#include "capture/postgres/sequence_watch.hpp"
#include "capture/postgres/slot_check.hpp"
#include "capture/postgres/triggers/definitions.hpp"
#include "capture/postgres/triggers/log_interval.hpp"
#include "capture/postgres/triggers/log_rows.hpp"
#include "capture/postgres/triggers/moments.hpp"
#include "capture/postgres/triggers/trigger_installation.hpp"
#include "change/transaction.hpp"

namespace pgmirror::capture::postgres::triggers {

/// A table whose log could not be read for a reason of its own: it is copied again.
class UnreadableLog : public std::runtime_error {
 public:
  UnreadableLog(ObjectId unreadable, const std::string& reason) : std::runtime_error(reason), table(unreadable) {}
  ObjectId table;
};

/// What outlives a session with the source.
struct LogFollowing {
  const config::PostgresSource& settings;
  const config::TableRules& rules;
  const std::filesystem::path& state_directory;
  const SourcePace& pace;
  Moments& moments;
  ExpectedHistory& history;  ///< its queue_end moves with what is durable
  std::map<ObjectId, std::string> unreadable{};
  ConnectionBreaker noting{};
  ConnectionBreaker reading{};
  bool unscripted_told = false;
};

/// Follows the log of changes over two connections with the source until one of them is lost: moment after moment, what
/// was committed between two of them as one transaction of the queue. One thread.
class LogSession {
 public:
  /// Connects and checks. Throws DatabaseError, SourceRefused, std::runtime_error.
  LogSession(LogFollowing& following, change::TransactionWriter& writer);
  ~LogSession();
  LogSession(const LogSession&) = delete;
  LogSession& operator=(const LogSession&) = delete;

  /// Throws DatabaseError, UnreadableLog, and what the writer throws; the session is spent then.
  void follow(const std::stop_token& stop);
  /// Writes what was committed up to `moment`, durably, and stops there. Throws as follow() does.
  void finish(Moment& moment);

 private:
  using Clock = std::chrono::steady_clock;
  void open_reading();
  bool anything_due();
  /// Around what writes a transaction or finds nothing to write. As the functions below: false when nothing was told.
  bool in_transaction(const std::function<bool()>& work);
  bool read_moment();
  bool tell(Moment& moment, bool promised);
  void write(Moment& moment, const std::optional<DefinitionNews>& news, const std::vector<ObjectId>& changed);
  void write_definitions(const DefinitionNews& news, change::Position position);
  void write_rows(Moment& moment, ObjectId table);
  void doubt_all(const std::string& reason);
  void write_gap(ObjectId table, const std::string& reason);
  std::vector<ObjectId> changed_tables(const std::map<ObjectId, LogInterval::Extent>& extents) const;

  LogFollowing& following_;
  change::TransactionWriter& writer_;
  libpq::Connection noting_;
  std::optional<libpq::Connection> reading_;
  Definitions definitions_;
  std::string since_;
  bool transaction_open_ = false;  ///< of the writer
  bool promise_lost_ = false;
  bool log_emptied_ = false;  ///< since the last moment
  std::map<ObjectId, LogInterval::Extent> extents_;
  std::map<ObjectId, std::string> gaps_;  ///< of the open transaction
  SequenceWatch sequences_;
  SequenceNews sequence_news_;
  TriggerInstallation installation_;
  Clock::time_point next_look_{};
  Clock::time_point next_sequences_{};
};

}  // namespace pgmirror::capture::postgres::triggers
