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

std::set<std::string> stopped_tables(const change::Snapshot& snapshot, const TableRegistry& tables) {
  std::set<std::string> stopped;
  for (const change::RelationPtr& relation : snapshot.relations()) {
    if (tables.state_of(*relation) == TrackedTable::State::stopped) stopped.insert(relation->qualified_name());
  }
  return stopped;
}

std::optional<VerificationReport> compare_tables(libpq::Connection& connection, change::Snapshot& snapshot,
                                                 const SchemaBuilder& schema, const std::set<std::string>& stopped,
                                                 const VerificationManner& manner, const std::stop_token& stop) {
  VerificationReport report{
      .position = snapshot.position(), .at = std::chrono::system_clock::now(), .repaired = manner.repair};
  ContentComparison comparison(connection, snapshot, schema, manner.bytes_per_second);
  for (const change::RelationPtr& relation : snapshot.relations()) {
    if (stopped.contains(relation->qualified_name())) {
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
      if (manner.repair && table->not_comparable.empty()) report.repaired_rows += comparison.repair();
    }
    report.tables.push_back(std::move(*table));
  }
  return report;
}

std::optional<VerificationReport> verify(libpq::Connection& connection, change::Snapshot& snapshot,
                                         const SchemaBuilder& schema, const TableRegistry& tables,
                                         const Ownership& ownership, const VerificationManner& manner,
                                         const std::stop_token& stop) {
  libpq::DatabaseTransaction transaction(connection);
  for (const std::string& setting : ownership.settings(SettingScope::transaction)) connection.execute(setting);
  connection.execute(comparison_settings);
  auto report = compare_tables(connection, snapshot, schema, stopped_tables(snapshot, tables), manner, stop);
  if (!report) return std::nullopt;
  const change::Position position = snapshot.position();
  advance_checkpoint(connection, ownership.mirror, ownership.epoch, position, position, std::nullopt);
  transaction.commit();
  return report;
}

}  // namespace pgmirror::sinks::postgres
