#include <fmt/format.h>

#include "agent/doctor/checks.hpp"
#include "agent/plain_figure.hpp"
#include "capture/source_refused.hpp"
#include "capture/sqlite/store_file.hpp"

namespace pgmirror::agent::doctor {

namespace {

/// SQLite's own limit is a checkpoint at 1000 pages; ten times that says that the application does not make them.
constexpr std::uint64_t many_wal_pages = 10'000;

}  // namespace

Findings check_source_place(const config::SqliteSource& source) {
  try {
    capture::sqlite::check_store_path(source.file);
    return {{Level::ok, "source",
             fmt::format("{} is a file that can be opened, and its directory can be written", source.file.string())}};
  } catch (const capture::SourceRefused& refused) {
    return {{.level = Level::error,
             .subject = "source",
             .what = refused.what(),
             .why = "pgmirror run would end at once with exit code 78",
             .remedy = "as the message says"}};
  }
}

Findings check_store(const config::SqliteSource& source, const capture::sqlite::StoreDescription& store) {
  Findings findings{{Level::ok, "source",
                     fmt::format("a SQLite database of {} with {} tables, of which {} are mirrored",
                                 bytes_text(store.file_bytes), store.all.size(), store.mirrored.size())}};
  if (store.journal_mode == "wal") {
    findings.push_back({Level::ok, "source", "in WAL mode: each commit is followed as it happens"});
  } else {
    findings.push_back(
        {.level = source.switch_to_wal ? Level::ok : Level::warning,
         .subject = "source",
         .what = fmt::format("in journal mode {}{}", store.journal_mode,
                             source.switch_to_wal ? ", will be switched to WAL as was consented to" : ""),
         .why = source.switch_to_wal ? ""
                                     : "the file is compared as a whole after each change, and commits that follow "
                                       "each other closely arrive as one transaction",
         .remedy = source.switch_to_wal ? "" : "set MIRROR_SWITCH_TO_WAL=true, or run PRAGMA journal_mode=WAL once"});
  }
  if (store.page_size > 0 && store.wal_bytes / store.page_size > many_wal_pages) {
    findings.push_back({.level = Level::warning,
                        .subject = "source",
                        .what = fmt::format("its -wal has grown to {}", bytes_text(store.wal_bytes)),
                        .why = "the application seems to make no checkpoints (PRAGMA wal_autocheckpoint=0), or a "
                               "reader of it never ends; all of its reads get slower",
                        .remedy = "leave wal_autocheckpoint at 1000 in the application and close long read "
                                  "transactions"});
  }
  return findings;
}

}  // namespace pgmirror::agent::doctor
