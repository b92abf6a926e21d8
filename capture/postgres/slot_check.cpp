#include "capture/postgres/slot_check.hpp"

#include <fmt/format.h>

namespace pgmirror::capture::postgres {
namespace {

constexpr const char* start_over = R"(run "pgmirror resync --all" to copy everything again)";

[[noreturn]] void refuse(const std::string& source, const std::string& what) {
  throw SourceRefused(fmt::format("source {}: {}", source, what));
}

void require_same_database(const SourceFacts& facts, const ExpectedHistory& expected) {
  if (facts.identity() == *expected.identity) return;
  const std::string& known = expected.identity->text;
  const std::string system = "postgresql:" + facts.system_identifier + "/";
  if (!known.starts_with(system)) {
    refuse(expected.source, fmt::format("this is another database cluster than the queue follows ({}, now {}); connect "
                                        "to the right one, or {}",
                                        known, facts.identity().text, start_over));
  }
  if (!known.starts_with(system + facts.database_oid + "/")) {
    refuse(expected.source,
           fmt::format("database \"{}\" was made anew, or is another one than the queue follows; connect to the right "
                       "one, or {}",
                       expected.database, start_over));
  }
  refuse(expected.source,
         fmt::format("the server is on timeline {} now: it was promoted, or restored from a backup, and "
                     "commits that the queue has may be gone; {}",
                     facts.timeline, start_over));
}

}  // namespace

void require_usable(const SourceFacts& facts, const std::string& source) {
  if (facts.standby) refuse(source, "this is a standby; connect to the primary server");
  if (facts.wal_level != "logical") {
    refuse(source,
           fmt::format(
               "wal_level is \"{}\"; run \"ALTER SYSTEM SET wal_level = logical\" and restart the server (in Compose: "
               "command: postgres -c wal_level=logical), or set capture.postgres.method to triggers",
               facts.wal_level));
  }
  if (facts.encoding == "SQL_ASCII") {
    refuse(source,
           "the database's encoding is SQL_ASCII, so nobody knows what its bytes mean; copy it into a database "
           "with encoding UTF8");
  }
}

void require_same_history(const SourceFacts& facts, const ExpectedHistory& expected) {
  require_same_database(facts, expected);
  if (facts.log_end < expected.queue_end) {
    refuse(expected.source,
           fmt::format("the server's log ends at {}, before the queue's end {}: it was restored from a "
                       "backup; {}",
                       to_string(facts.log_end), to_string(expected.queue_end), start_over));
  }
}

void require_own_slot(const SlotFacts& slot, const ExpectedHistory& expected) {
  if (slot.plugin != "pgoutput" || slot.database != expected.database) {
    refuse(expected.source, fmt::format("replication slot \"{}\" belongs to something else (plugin \"{}\", database "
                                        "\"{}\"); set capture.postgres.slot to another name",
                                        expected.slot, slot.plugin, slot.database));
  }
  if (slot.wal_status == "lost") {
    refuse(expected.source, fmt::format("replication slot \"{}\" is lost: the server removed log that it needs "
                                        "(max_slot_wal_keep_size); {}",
                                        expected.slot, start_over));
  }
}

void require_continuation(const SourceFacts& facts, const std::optional<SlotFacts>& slot,
                          const ExpectedHistory& expected) {
  require_same_history(facts, expected);
  if (!slot) {
    refuse(expected.source, fmt::format("replication slot \"{}\" is gone, so commits may be missing; {}. Where the "
                                        "queue was captured by triggers, set "
                                        "capture.postgres.method back and run \"pgmirror move-to-decoding\"",
                                        expected.slot, start_over));
  }
  require_own_slot(*slot, expected);
  if (slot->confirmed_flush > expected.queue_end) {
    refuse(expected.source,
           fmt::format("replication slot \"{}\" stands at {}, beyond the queue's end {}: the slot was made "
                       "anew, or the state directory restored from an older backup, and the commits in "
                       "between are gone; restore the newest state directory, or {}",
                       expected.slot, to_string(slot->confirmed_flush), to_string(expected.queue_end), start_over));
  }
}

}  // namespace pgmirror::capture::postgres
