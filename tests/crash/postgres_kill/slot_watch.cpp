#include "tests/crash/postgres_kill/slot_watch.hpp"

#include <fmt/format.h>

#include <pqxx/pqxx>

#include "queue/inspection.hpp"
#include "tests/support/connection_text.hpp"

namespace pgmirror::tests {

std::string slot_fault(const config::ConnectionSettings& source, const std::filesystem::path& state_directory) {
  pqxx::connection connection(connection_string(source));
  // Before the queue is read: both only grow, and the queue first.
  const auto slots = pqxx::nontransaction(connection)
                         .exec(
                             "SELECT (confirmed_flush_lsn - '0/0')::bigint FROM pg_catalog.pg_replication_slots "
                             "WHERE NOT temporary");
  if (slots.size() > 1) return fmt::format("the source has {} slots", slots.size());
  // A slot that is being made has confirmed nothing yet.
  if (slots.empty() || slots[0][0].is_null()) return {};
  const change::Position confirmed{slots[0][0].as<std::uint64_t>()};

  const auto directory = state_directory / "queue";
  if (!std::filesystem::exists(directory / "lock")) return {};
  const auto report = queue::inspect(directory, queue::Depth::headers);
  if (report.damage) return fmt::format("the queue is damaged: {}", report.damage->what);
  if (report.segments.empty() || confirmed <= report.segments.back().last) return {};
  return fmt::format("the slot is acknowledged up to {}, the queue holds up to {}", to_string(confirmed),
                     to_string(report.segments.back().last));
}

}  // namespace pgmirror::tests
