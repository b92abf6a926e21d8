#include "agent/teardown_command.hpp"

#include <fmt/format.h>

#include "agent/command_config.hpp"
#include "agent/state_directory.hpp"
#include "agent/state_directory_lock.hpp"
#include "capture/postgres/postgres_source.hpp"
#include "capture/postgres/slot_names.hpp"

namespace pgmirror::agent {

ExitCode teardown_command(const config::Flags& flags, bool yes) {
  const config::Config config = command_config(flags);
  if (!config.postgres) {
    fmt::print("nothing to remove: pgmirror leaves nothing in a SQLite file\n");
    return ExitCode::done;
  }
  const auto names = capture::postgres::slot_names(*config.postgres);
  if (!yes) {
    const std::string what =
        config.postgres->method == config::CaptureMethod::triggers
            ? std::string("pgmirror's triggers, their function and the log of changes in schema pgmirror")
            : fmt::format("replication slot {} and publications {}, {}_inserts", names.slot, names.publication,
                          names.publication);
    fmt::print(
        stderr,
        "this drops {} from {}: what the queue does not have yet could never be mirrored, only copied again; add "
        "--yes to do it\n",
        what, config.source_url);
    return ExitCode::failure;
  }
  prepare_state_directory(config.state_dir);
  const StateDirectoryLock lock(config.state_dir);
  capture::postgres::teardown(*config.postgres);
  fmt::print("removed: the source keeps nothing for pgmirror any more\n");
  return ExitCode::done;
}

}  // namespace pgmirror::agent
