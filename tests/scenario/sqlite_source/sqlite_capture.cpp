// Runs the SQLite source into a ChangeLog until it is killed: sqlite_capture FILE STATE_DIRECTORY LOG
#include <cstdio>
#include <exception>

#include "capture/sqlite/sqlite_source.hpp"
#include "tests/scenario/sqlite_source/change_log.hpp"

int main(int argc, char** argv) {
  using namespace pgmirror;
  if (argc != 4) return 64;
  try {
    tests::ChangeLog log(argv[3]);
    config::SqliteSource settings;
    settings.file = argv[1];
    capture::sqlite::SqliteSource source(settings, {}, argv[2], change::Position{log.end()}, std::nullopt);
    std::puts("ready");
    std::fflush(stdout);
    source.run(log, {});
    return 0;
  } catch (const std::exception& error) {
    std::printf("failed: %s\n", error.what());
    return 1;
  }
}
