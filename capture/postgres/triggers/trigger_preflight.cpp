#include "capture/postgres/triggers/trigger_preflight.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>

#include "capture/postgres/retained_log.hpp"
#include "capture/postgres/triggers/change_log.hpp"
#include "capture/postgres/triggers/table_triggers.hpp"
#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres::triggers {
namespace {

using Severity = PreflightFinding::Severity;

/// What both methods ask of a server; the rest is about slots.
PreflightFindings check_server(const PreflightFacts& facts) {
  PreflightFindings findings = preflight_server(facts);
  std::erase_if(findings, [](const PreflightFinding& finding) {
    return finding.code == "wal_level" || finding.code == "replication_slots" || finding.code == "wal_senders" ||
           finding.code == "slot_wal_limit";
  });
  if (facts.wal_level == "logical") {
    findings.push_back({Severity::ok, "method", "server",
                        "changes are found by triggers, although wal_level is logical; \"pgmirror move-to-decoding\" "
                        "goes over to decoding, which costs the application's writes less"});
  } else {
    findings.push_back({Severity::ok, "method", "server", "changes are found by triggers"});
  }
  return findings;
}

/// Nothing bounds the log while no agent reads it.
PreflightFinding check_log_size(libpq::Connection& connection, const std::string& subject) {
  const RetainedLog log{
      .bytes = static_cast<std::uint64_t>(
          connection.execute("SELECT pg_catalog.pg_total_relation_size('pgmirror.changes'::pg_catalog.regclass)")
              .integer(0, 0)),
      .limit = {},
      .by_triggers = true};
  if (const auto trouble = log.trouble_unread()) return {Severity::warning, "change_log", subject, *trouble};
  return {Severity::ok, "change_log", subject,
          fmt::format("the log of changes stands and takes {} MB", log.bytes >> 20U)};
}

PreflightFinding check_log(libpq::Connection& connection, const PreflightFacts& facts) {
  const std::string subject = "schema pgmirror";
  if (has_change_log(connection)) return check_log_size(connection, subject);
  const bool stands =
      connection.execute("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'pgmirror')").boolean(0, 0);
  if (facts.superuser || (facts.creates_in_database && !stands)) {
    return {Severity::ok, "change_log", subject, "the log of changes will be made at the first start"};
  }
  return {Severity::error, "change_log", subject,
          fmt::format("role {} may not make the log of changes; somebody who may has to make the schema", facts.role),
          stands ? fmt::format("ALTER SCHEMA pgmirror OWNER TO {};", libpq::quote_identifier(facts.role))
                 : fmt::format("CREATE SCHEMA pgmirror AUTHORIZATION {};", libpq::quote_identifier(facts.role))};
}

PreflightFinding about(const CatalogTable& table, Severity severity, std::string code, std::string what,
                       std::string sql = {}) {
  return {severity, std::move(code), fmt::format("table {}.{}", table.schema, table.name), std::move(what),
          std::move(sql)};
}

void check_table(const PreflightFacts& facts, const CatalogTable& table, const WantedTriggers& wanted, bool stands,
                 PreflightFindings& findings) {
  const std::string role = libpq::quote_identifier(facts.role);
  if (!table.readable) {
    std::string sql = facts.unusable_schemas.contains(table.schema)
                          ? fmt::format("GRANT USAGE ON SCHEMA {} TO {}; ", libpq::quote_identifier(table.schema), role)
                          : "";
    findings.push_back(about(table, Severity::error, "select_right",
                             fmt::format("role {} may not read the table", facts.role),
                             sql + fmt::format("GRANT SELECT ON {} TO {};", wanted.name, role)));
  }
  if (table.row_security) {
    findings.push_back(about(table, Severity::error, "row_security",
                             fmt::format("row level security hides rows from role {}", facts.role),
                             fmt::format("ALTER ROLE {} BYPASSRLS;", role)));
  }
  if (stands || table.owned) return;
  findings.push_back(about(table, Severity::error, "triggers",
                           fmt::format("role {} does not own the table and may not make triggers that always fire; its "
                                       "owner has to make them, when the log of changes stands",
                                       facts.role),
                           "GRANT USAGE ON SCHEMA pgmirror TO PUBLIC; " + wanted.sql()));
}

}  // namespace

PreflightFindings trigger_preflight(libpq::Connection& connection, const PreflightFacts& facts,
                                    const config::TableRules& rules) {
  PreflightFindings findings = check_server(facts);
  findings.push_back(check_log(connection, facts));
  RelationCatalog catalog(rules, config::CaptureMethod::triggers);
  catalog.refresh(connection);
  std::vector<WantedTriggers> wanted;
  for (const FollowedTable& table : catalog.followed()) {
    const CatalogTable& source = *catalog.picture().table(table.oid);
    if (table.following != Following::none) {
      wanted.push_back(wanted_triggers(table, source));
      continue;
    }
    findings.push_back(
        about(source, Severity::warning, "unlogged",
              "the table is unlogged: a crash of the server empties it without a word, it is not mirrored",
              fmt::format("ALTER TABLE {} SET LOGGED;", libpq::qualified(source.schema, source.name))));
  }
  if (wanted.empty()) {
    findings.push_back({Severity::error, "no_tables", "tables", "no table is left to mirror; see the rules"});
  }
  const auto states = read_triggers(connection, wanted, catalog.picture());
  for (const WantedTriggers& triggers : wanted) {
    const CatalogTable& table = *catalog.picture().table(triggers.table);
    const bool stands =
        std::ranges::all_of(table.leaves, [&](const CatalogLeaf& leaf) { return states.contains(leaf.oid); });
    check_table(facts, table, triggers, stands, findings);
  }
  std::ranges::stable_sort(findings, std::greater<>{}, &PreflightFinding::severity);
  return findings;
}

}  // namespace pgmirror::capture::postgres::triggers
