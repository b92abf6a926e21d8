#include "sinks/postgres/parallel_copy.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <exception>
#include <iterator>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "libpq/database_transaction.hpp"
#include "libpq/identifier.hpp"
#include "sinks/postgres/copied_parts.hpp"
#include "sinks/postgres/copy_progress.hpp"
#include "sinks/postgres/copy_state.hpp"
#include "sinks/postgres/copy_through.hpp"
#include "sinks/postgres/worker_sessions.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using Clock = std::chrono::steady_clock;

/// Where a table grows block by block, under a lock that all its writers want, a third one makes it slower.
std::size_t most_writers(const libpq::Connection& mirror) {
  constexpr int grows_many_blocks_at_once = 160000;
  return mirror.server_version() < grows_many_blocks_at_once ? 2 : std::numeric_limits<std::size_t>::max();
}

struct CopiedTable {
  MirrorTablePtr table;
  std::vector<change::TablePart> parts;  ///< that are still to be copied
  std::size_t parts_left = 0;
  std::size_t writers = 0;
  std::uint64_t rows = 0;
  Clock::time_point begun = Clock::now();
  std::optional<CopyProgress> progress{};
};

struct Job {
  CopiedTable* table = nullptr;
  change::TablePart part;
};

/// The parts still to be copied, and what came of the others. Any thread.
class Jobs {
 public:
  /// `most_writers`: of one table at a time.
  Jobs(std::deque<CopiedTable>& tables, std::vector<Job> jobs, std::size_t most_writers, StatusBoard* board)
      : most_writers_(most_writers), list_(board, listed(tables)), jobs_(std::move(jobs)) {
    // The largest first: otherwise the last one runs alone.
    std::ranges::sort(jobs_, [](const Job& left, const Job& right) { return left.part.bytes < right.part.bytes; });
  }

  /// Nothing where all that is left is for those who are at it already.
  std::optional<Job> take() {
    const std::lock_guard lock(mutex_);
    const auto next = std::ranges::find_if(jobs_.rbegin(), jobs_.rend(),
                                           [this](const Job& job) { return job.table->writers < most_writers_; });
    if (next == jobs_.rend()) return std::nullopt;
    Job job = std::move(*next);
    jobs_.erase(std::next(next).base());
    CopiedTable& table = *job.table;
    ++table.writers;
    if (!table.progress) {
      const std::string name = table.table->relation->qualified_name();
      table.begun = Clock::now();
      list_.begin(name);
      table.progress.emplace(list_, name, expected(table));
    }
    return job;
  }

  void sent(CopiedTable& table, std::uint64_t rows) {
    const std::lock_guard lock(mutex_);
    table.progress->add(rows);
  }

  /// True for the last part of its table.
  bool done(CopiedTable& table, std::uint64_t rows) {
    const std::lock_guard lock(mutex_);
    table.rows += rows;
    --table.writers;
    return --table.parts_left == 0;
  }

 private:
  static std::vector<CopyList::Table> listed(const std::deque<CopiedTable>& tables) {
    std::vector<CopyList::Table> listed;
    for (const CopiedTable& table : tables)
      listed.push_back({.name = table.table->relation->qualified_name(), .expected = expected(table)});
    return listed;
  }

  static std::optional<std::uint64_t> expected(const CopiedTable& table) {
    std::uint64_t rows = 0;
    for (const change::TablePart& part : table.parts) rows += part.rows;
    return rows == 0 ? std::nullopt : std::optional(rows);
  }

  std::mutex mutex_;
  const std::size_t most_writers_;
  CopyList list_;
  std::vector<Job> jobs_;  ///< the next one last
};

/// The parts that an interrupted copy has brought stay as far as the source still has them like that.
void keep_what_stands(libpq::Connection& connection, const SchemaBuilder& schema, change::Snapshot& snapshot,
                      CopiedTable& table) {
  const CopiedParts::Kept kept =
      CopiedParts(*table.table, schema.mirror().name).keep_what_stands(connection, snapshot, table.parts);
  const std::size_t all = table.parts.size();
  std::erase_if(table.parts, [&](const change::TablePart& part) { return kept.parts.contains(part.where_sql); });
  table.rows = kept.rows;
  if (kept.parts.empty()) return;
  spdlog::info("[MirrorCopy] {}: goes on, {} of {} parts ({} rows) are as the source has them",
               table.table->relation->qualified_name(), kept.parts.size(), all, kept.rows);
}

/// Empties what an interrupted copy left, and notes that parts will come. Tables with other rows are not ours to copy.
std::deque<CopiedTable> begin_tables(libpq::Connection& connection, const SchemaBuilder& schema, std::int64_t epoch,
                                     change::Snapshot& snapshot) {
  std::deque<CopiedTable> tables;
  libpq::DatabaseTransaction transaction(connection);
  prepare_copying(connection);
  check_epoch(connection, schema.mirror().name, epoch, "");
  for (const change::RelationPtr& relation : snapshot.relations()) {
    const auto name = libpq::Parameters::texts(
        {schema.mirror().name, schema.schema_of(*relation), libpq::mirror_identifier(relation->name)});
    const libpq::Result state = connection.execute(
        "SELECT coalesce(copied_at, 1) FROM pgmirror.tables WHERE mirror = $1 AND schema_name = $2 AND table_name = $3 "
        "AND state = 'copying' AND (copied_at IS NULL OR copied_at < 0) FOR UPDATE",
        name);
    if (state.rows() == 0) continue;
    // The source may have been altered since the interrupted copy made the table. One that is copied already is not
    // asked: it stands where its own snapshot does, and the changes on their way will alter it.
    const bool unfinished = state.integer(0, 0) < 0;
    const MirrorTablePtr table = unfinished ? schema.describe_or_recreate(connection, snapshot, relation)
                                            : schema.describe_for_copy(connection, relation);
    if (!can_copy_through(snapshot, *table)) continue;
    CopiedTable copied{.table = table, .parts = snapshot.parts(*relation)};
    // A partitioned table without partitions has no part.
    if (copied.parts.empty()) copied.parts.emplace_back();
    if (unfinished) {
      keep_what_stands(connection, schema, snapshot, copied);
    } else if (connection.execute(fmt::format("SELECT FROM {} LIMIT 1", table->quoted)).rows() > 0) {
      continue;
    }
    connection.execute(fmt::format("UPDATE pgmirror.tables SET copied_at = {} "
                                   "WHERE mirror = $1 AND schema_name = $2 AND table_name = $3",
                                   parts_unfinished),
                       name);
    if (!unfinished) CopiedParts(*table, schema.mirror().name).forget(connection);
    tables.push_back(std::move(copied));
  }
  transaction.commit();
  return tables;
}

std::vector<Job> jobs_of(std::deque<CopiedTable>& tables) {
  std::vector<Job> jobs;
  for (CopiedTable& table : tables) {
    table.parts_left = table.parts.size();
    for (const change::TablePart& part : table.parts) jobs.push_back({&table, part});
  }
  return jobs;
}

/// All parts of the table are there.
void finish(libpq::Connection& connection, const SchemaBuilder& schema, std::int64_t epoch, change::Position position,
            const CopiedTable& table) {
  const std::string& mirror = schema.mirror().name;
  libpq::DatabaseTransaction transaction(connection);
  prepare_copying(connection);
  make_live(connection, mirror, *table.table, position, table.rows);
  CopiedParts(*table.table, mirror).forget(connection);
  check_epoch(connection, mirror, epoch, "FOR SHARE");
  transaction.commit();
  spdlog::info("[MirrorCopy] {}: {} rows in {:.1f} s", table.table->relation->qualified_name(), table.rows,
               std::chrono::duration<double>(Clock::now() - table.begun).count());
}

/// One connection's share of the work, on a thread of its own.
class CopyingThread {
 public:
  CopyingThread(const SchemaBuilder& schema, std::int64_t epoch, std::unique_ptr<change::Snapshot> snapshot, Jobs& jobs,
                std::stop_source& stop)
      : schema_(schema), epoch_(epoch), snapshot_(std::move(snapshot)), jobs_(jobs), thread_([this, &stop] {
          try {
            work(stop.get_token());
          } catch (...) {
            failure_ = std::current_exception();
            // Whoever comes later is only told to stop.
            stop.request_stop();
          }
        }) {}

  void join() { thread_.join(); }
  const std::exception_ptr& failure() const { return failure_; }

 private:
  void work(const std::stop_token& stop) {
    libpq::Connection connection = open_worker_session(schema_.mirror());
    while (!stop.stop_requested()) {
      const std::optional<Job> job = jobs_.take();
      if (!job || !copy(connection, *job, stop)) return;
    }
  }

  bool copy(libpq::Connection& connection, const Job& job, const std::stop_token& stop) {
    const MirrorTablePtr& table = job.table->table;
    libpq::DatabaseTransaction transaction(connection);
    prepare_copying(connection);
    const auto rows = copy_through(
        connection, *snapshot_, *table, job.part, [&](std::uint64_t sent) { jobs_.sent(*job.table, sent); }, stop);
    if (!rows) return false;
    check_epoch(connection, schema_.mirror().name, epoch_, "");
    CopiedParts(*table, schema_.mirror().name).note(connection, job.part);
    transaction.commit();
    if (jobs_.done(*job.table, *rows)) finish(connection, schema_, epoch_, snapshot_->position(), *job.table);
    return true;
  }

  const SchemaBuilder& schema_;
  std::int64_t epoch_;
  std::unique_ptr<change::Snapshot> snapshot_;
  Jobs& jobs_;
  std::exception_ptr failure_;
  std::jthread thread_;
};

}  // namespace

bool ParallelCopy::run(libpq::Connection& connection, change::Snapshot& snapshot, const std::stop_token& stop) const {
  std::deque<CopiedTable> tables = begin_tables(connection, schema_, epoch_, snapshot);
  for (const CopiedTable& table : tables) {
    if (table.parts.empty()) finish(connection, schema_, epoch_, snapshot.position(), table);
  }
  std::vector<Job> work = jobs_of(tables);
  const std::size_t threads = std::min<std::size_t>(std::max(schema_.mirror().pool, 1U), work.size());
  Jobs jobs(tables, std::move(work), most_writers(connection), board_);
  std::stop_source stopping;
  const std::stop_callback pass_on(stop, [&stopping] { stopping.request_stop(); });
  std::deque<CopyingThread> running;
  try {
    for (std::size_t i = 0; i < threads; ++i) running.emplace_back(schema_, epoch_, snapshot.share(), jobs, stopping);
  } catch (...) {
    stopping.request_stop();
    throw;
  }
  for (CopyingThread& thread : running) thread.join();
  for (const CopyingThread& thread : running) {
    if (thread.failure()) std::rethrow_exception(thread.failure());
  }
  return !stop.stop_requested();
}

}  // namespace pgmirror::sinks::postgres
