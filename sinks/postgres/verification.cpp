#include "sinks/postgres/verification.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "libpq/database_transaction.hpp"
#include "sinks/postgres/checkpoint.hpp"

namespace pgmirror::sinks::postgres {

bool VerificationReport::equal() const { return std::ranges::all_of(tables, &TableComparison::equal); }

std::uint64_t VerificationReport::differing_rows() const {
  std::uint64_t rows = 0;
  for (const TableComparison& table : tables) rows += table.missing + table.extra + table.different;
  return rows;
}

std::optional<VerificationReport> verify(libpq::Connection& connection, change::Snapshot& snapshot,
                                         const SchemaBuilder& schema, const TableRegistry& tables,
                                         const Ownership& ownership, change::Position position,
                                         const VerificationOrder& order, std::stop_token stop) {
  VerificationReport report{.position = position, .at = std::chrono::system_clock::now()};
  libpq::DatabaseTransaction transaction(connection);
  for (const std::string& setting : ownership.settings()) connection.execute(setting);
  connection.execute("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0");
  ContentComparison comparison(connection, snapshot, schema, order.bytes_per_second);
  for (const change::RelationPtr& relation : snapshot.relations()) {
    if (tables.state_of(*relation) == TrackedTable::State::stopped) {
      report.tables.push_back({.schema = schema.schema_of(*relation),
                               .name = relation->name,
                               .not_comparable = "is stopped; run \"pgmirror resync\" for it first"});
      continue;
    }
    std::optional<TableComparison> table = comparison.compare(relation, stop);
    if (!table) return std::nullopt;
    if (!table->equal()) {
      spdlog::warn("[MirrorVerify] {}: {} rows missing, {} too many, {} different {}", table->name, table->missing,
                   table->extra, table->different, table->not_comparable);
      if (order.repair && table->not_comparable.empty()) report.repaired_rows += comparison.repair();
    }
    report.tables.push_back(std::move(*table));
  }
  advance_checkpoint(connection, ownership.mirror, ownership.epoch, position, position, std::nullopt);
  transaction.commit();
  report.repaired = order.repair;
  if (report.equal()) {
    spdlog::info("[MirrorVerify] Proven equal: {} tables", report.tables.size());
  } else if (order.repair) {
    spdlog::info("[MirrorVerify] Mended {} rows", report.repaired_rows);
  }
  return report;
}

}  // namespace pgmirror::sinks::postgres
