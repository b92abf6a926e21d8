// Runs the SQLite source into a ChangeLog until it is killed: sqlite_capture FILE STATE_DIRECTORY LOG
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <exception>

#include "capture/sqlite/shadow_store.hpp"
#include "capture/sqlite/sqlite_source.hpp"
#include "tests/scenario/sqlite_source/change_log.hpp"

int main(int argc, char** argv) {
  using namespace pgmirror;
  if (argc != 4) return 64;
  try {
    tests::ChangeLog log(argv[3]);
    config::SqliteSource settings;
    settings.file = argv[1];
    // A queue begins where the shadow does; an end of zero would say that it is gone.
    const bool is_first_start = !capture::sqlite::ShadowStore::exists(argv[2]);
    const std::uint64_t end = is_first_start ? 0 : std::max<std::uint64_t>(log.end(), 1);
    capture::sqlite::SqliteSource source(settings, {}, argv[2], change::Position{end}, std::nullopt);
    std::puts("ready");
    std::fflush(stdout);
    source.run(log, {});
    return 0;
  } catch (const std::exception& error) {
    std::printf("failed: %s\n", error.what());
    return 1;
  }
}
