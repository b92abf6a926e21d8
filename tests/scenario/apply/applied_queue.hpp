#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "libpq/connection.hpp"
#include "queue/change_queue.hpp"
#include "sinks/postgres/mirror_worker.hpp"
#include "tests/scenario/apply/scripted_source.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/throwaway_postgres.hpp"

namespace pgmirror::tests {

using namespace std::chrono_literals;
using change::TypeFamily;
using sinks::postgres::MirrorState;
using sinks::postgres::MirrorStatus;

/// A real queue between a scripted source and a worker on a new database; the worker is not started yet.
class AppliedQueue : public testing::Test {
 protected:
  AppliedQueue();
  ~AppliedQueue() override;

  void start();
  void stop();
  /// start() and the first copy.
  void start_and_copy();
  /// Whether the mirror's checkpoint reaches the end of the queue; says how the worker is doing if not.
  testing::AssertionResult catches_up(std::chrono::milliseconds patience = 60s);
  /// Commits several transactions while the worker is held, so that they go into one batch.
  void in_one_batch(const std::function<void()>& transactions);
  MirrorStatus status() const { return worker_->status(); }
  /// Whether the worker's thread sleeps for most of the next half second.
  testing::AssertionResult rests();
  testing::AssertionResult says(MirrorState state, const std::string& reason, std::chrono::milliseconds patience = 60s);

  /// One statement as superuser, past any proxy: the first cell, all rows with cells joined by `|`.
  std::string ask(const std::string& sql) const;
  std::vector<std::string> rows(const std::string& sql) const;
  std::int64_t count(const std::string& what) const { return std::stoll(ask("SELECT count(*) FROM " + what)); }
  void tell(const std::string& sql) const { administer().execute(sql); }
  libpq::Connection administer() const;

  /// The mirror is reached by a role that owns the database, but is no superuser and may not set
  /// session_replication_role, from now on.
  void connect_as_plain_owner();

  /// One row in a ledger that has no key, of a transaction of its own or not.
  void write_ledger(std::int64_t number);
  testing::AssertionResult ledger_holds_each_once(std::int64_t up_to) const;

  static constexpr change::Position first_position{100};
  TemporaryDirectory directory_;
  config::ConnectionSettings database_ = shared_postgres().create_database();
  config::Mirror mirror_;
  queue::ChangeQueue queue_;
  ScriptedSource source_{queue_, first_position};
  std::unique_ptr<sinks::postgres::MirrorWorker> worker_;
  std::jthread thread_;
  change::RelationPtr ledger_;
};

/// A table `name` with INTEGER PRIMARY KEY `id` and `a` INTEGER.
change::Relation numbers(const std::string& name);

}  // namespace pgmirror::tests
