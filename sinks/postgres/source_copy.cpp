#include "sinks/postgres/source_copy.hpp"

#include <spdlog/spdlog.h>

#include <memory>
#include <set>
#include <string>
#include <utility>

#include "libpq/database_transaction.hpp"
#include "libpq/identifier.hpp"
#include "sinks/postgres/checkpoint.hpp"
#include "sinks/postgres/copy_state.hpp"
#include "sinks/postgres/enum_labels.hpp"
#include "sinks/postgres/initial_copy.hpp"
#include "sinks/postgres/parallel_copy.hpp"
#include "sinks/postgres/source_questions.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds first_patience{1000};
constexpr milliseconds idle_wait{200};
constexpr unsigned most_copies_of_misfits = 10;  ///< one after another

}  // namespace

std::optional<change::Position> SourceCopy::all(change::Position expected, bool start_over,
                                                const std::stop_token& stop) {
  libpq::Connection& connection = around_.connection;
  const std::string& name = around_.mirror.name;
  around_.board.update([](MirrorStatus& status) { status.state = MirrorState::copying; });
  std::unique_ptr<change::Snapshot> snapshot = snapshot_of(around_.source);
  // Behind a queue that has far to go they are asked at the end.
  while (!snapshot->untold().empty() && around_.queue.wait_durable(snapshot->position(), stop, first_patience)) {
    if (names_change(*snapshot)) snapshot = snapshot_of(around_.source);
  }
  // It may be another source by now. Labels are those of the snapshot: those of later come with what is told later,
  // which would add again what was renamed by then.
  forget_labels(connection, name);
  learn_labels(connection, name, expected, ask_source([&] { return snapshot->definition(); }));
  around_.schema.prepare(connection, *snapshot);
  if (start_over) InitialCopy::allow_replacing(connection, name);
  InitialCopy copy(around_.schema, around_.ownership.epoch, start_over ? tables_of(*snapshot) : std::set<std::string>{},
                   &around_.board);
  copy.leave_misfits();
  if (snapshot->gives_copy(change::CopyForm::text) &&
      !ParallelCopy(around_.schema, around_.ownership.epoch, &around_.board).run(connection, *snapshot, stop)) {
    return std::nullopt;
  }
  if (!copy.run(connection, *snapshot, stop).complete) return std::nullopt;
  around_.schema.complete(connection, *snapshot);
  while (!snapshot->untold().empty() && !around_.queue.wait_durable(snapshot->position(), stop, idle_wait)) {
    if (stop.stop_requested()) return std::nullopt;
  }

  const change::Position start = InitialCopy::start_position(connection, name).value_or(snapshot->position());
  libpq::DatabaseTransaction transaction(connection);
  copy_renamed_again(*snapshot);
  advance_checkpoint(connection, name, around_.ownership.epoch, expected, start, std::nullopt);
  transaction.commit();
  around_.board.update([&](MirrorStatus& status) {
    status.position = start;
    status.flushed_position = start;
  });
  while (!around_.queue.wait_durable(start, stop, idle_wait)) {
    if (stop.stop_requested()) return std::nullopt;
  }
  return start;
}

SourceCopy::Outcome SourceCopy::tables(const PlannedWork::Task& task, change::Position position, std::stop_token stop) {
  libpq::Connection& connection = around_.connection;
  change::Snapshot& snapshot = *task.snapshot;
  around_.board.update([](MirrorStatus& status) { status.state = MirrorState::copying; });
  learn_labels(connection, around_.mirror.name, position, ask_source([&] { return snapshot.definition(); }));
  around_.schema.prepare(connection, snapshot);
  InitialCopy copy(around_.schema, around_.ownership.epoch, task.again, &around_.board);
  if (copies_of_misfits_ < most_copies_of_misfits) copy.leave_misfits();
  const InitialCopy::Outcome copied = copy.run(connection, snapshot, std::move(stop));
  copies_of_misfits_ = copied.misfits ? copies_of_misfits_ + 1 : 0;
  const bool again = around_.schema.complete(connection, snapshot).copy_again || copied.misfits;
  return {.complete = copied.complete, .again = again};
}

bool SourceCopy::names_change(const change::Snapshot& snapshot) {
  const std::set<std::string> tables = snapshot.untold();
  if (tables.empty()) {
    names_awaited_ = false;
  } else if (!std::exchange(names_awaited_, true)) {
    spdlog::info("[MirrorCopy] The queue is told first how {} and its columns are called", *tables.begin());
  }
  return !tables.empty();
}

void SourceCopy::copy_renamed_again(const change::Snapshot& snapshot) {
  const std::set<std::string> renamed = snapshot.untold();
  for (const change::RelationPtr& relation : snapshot.relations()) {
    if (!renamed.contains(relation->qualified_name())) continue;
    MirrorTable table;
    table.schema = around_.schema.schema_of(*relation);
    table.name = libpq::mirror_identifier(relation->name);
    make_awaiting(around_.connection, around_.mirror.name, table,
                  "it or its columns were called otherwise while it was copied");
  }
}

}  // namespace pgmirror::sinks::postgres
