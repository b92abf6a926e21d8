#include "capture/postgres/continuation.hpp"

#include "capture/postgres/replication_session.hpp"
#include "capture/postgres/slot_check.hpp"
#include "capture/postgres/slot_names.hpp"

namespace pgmirror::capture::postgres {

std::optional<std::string> why_not_continued(const config::PostgresSource& settings, change::Position queue_end,
                                             const std::optional<change::SourceIdentity>& queue_identity) {
  const SlotNames names = slot_names(settings);
  const ExpectedHistory expected{.source = settings.connection.address(),
                                 .slot = names.slot,
                                 .database = settings.connection.database,
                                 .identity = queue_identity,
                                 .queue_end = queue_end};
  ReplicationSession session(settings.connection, "pgmirror");
  try {
    const SourceFacts facts = read_source_facts(session.sql());
    const std::optional<SlotFacts> slot = read_slot(session.sql(), names.slot);
    if (queue_identity) {
      require_continuation(facts, slot, expected);
    } else if (slot) {
      require_own_slot(*slot, expected);
    }
  } catch (const SourceRefused& refused) {
    return refused.what();
  }
  return std::nullopt;
}

}  // namespace pgmirror::capture::postgres
