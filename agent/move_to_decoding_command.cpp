#include "agent/move_to_decoding_command.hpp"

#include <fmt/format.h>

#include "agent/command_config.hpp"
#include "agent/state_directory.hpp"
#include "agent/state_directory_lock.hpp"
#include "capture/postgres/slot_names.hpp"
#include "capture/postgres/triggers/move_to_decoding.hpp"
#include "queue/change_queue.hpp"
#include "queue/inspection.hpp"

namespace pgmirror::agent {

ExitCode move_to_decoding_command(const config::Flags& flags, bool yes) {
  const config::Config config = command_config(flags);
  if (!config.postgres) {
    fmt::print(stderr, "the source is a SQLite file, which has neither triggers of pgmirror nor a log to decode\n");
    return ExitCode::usage;
  }
  const std::string slot = capture::postgres::slot_names(*config.postgres).slot;
  if (!yes) {
    fmt::print(
        stderr,
        "this makes replication slot {} and publications in {}, goes on there with what triggers have found, and "
        "drops pgmirror's triggers and their log; set capture.postgres.method to decoding before the agent "
        "starts again; add --yes to do it\n",
        slot, config.source_url);
    return ExitCode::failure;
  }
  prepare_state_directory(config.state_dir);
  const StateDirectoryLock lock(config.state_dir);
  const std::filesystem::path place = queue_directory(config.state_dir);
  if (!has_queue(place)) {
    fmt::print(stderr,
               "there is no queue yet, so there is nothing to go on with; run \"pgmirror teardown --yes\" and set "
               "capture.postgres.method to decoding\n");
    return ExitCode::failure;
  }
  const change::SourceIdentity source = queue::source_of(place).value();
  queue::ChangeQueue queue({.directory = place,
                            .source = source,
                            .disk_budget_bytes = config.queue.disk_budget_bytes,
                            .retention = config.queue.retention});
  capture::postgres::triggers::move_to_decoding(*config.postgres, config.tables, config.state_dir, queue, queue.end(),
                                                source);
  fmt::print(
      "done: replication slot {} has what comes next; set capture.postgres.method to decoding and start the "
      "agent\n",
      slot);
  return ExitCode::done;
}

}  // namespace pgmirror::agent
