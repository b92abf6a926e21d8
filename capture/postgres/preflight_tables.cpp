#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "capture/postgres/preflight.hpp"
#include "capture/postgres/server_versions.hpp"
#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres {
namespace {

using Severity = PreflightFinding::Severity;

std::string quoted(const CatalogTable& table) { return libpq::qualified(table.schema, table.name); }

PreflightFinding about(const CatalogTable& table, Severity severity, std::string code, std::string what,
                       std::string sql = {}) {
  return {severity, std::move(code), fmt::format("table {}.{}", table.schema, table.name), std::move(what),
          std::move(sql)};
}

/// What would let its updates and deletes be followed. A key is better than the whole row, which the source would have
/// to log with each change.
std::string identity_sql(const CatalogTable& table) {
  if (table.replica_identity == 'n' && !table.primary_key.empty()) {
    return fmt::format("ALTER TABLE {} REPLICA IDENTITY DEFAULT;", quoted(table));
  }
  return fmt::format("ALTER TABLE {} REPLICA IDENTITY FULL;", quoted(table));
}

void check_identity(const CatalogTable& table, const FollowedTable& followed, PreflightFindings& findings) {
  if (followed.following == Following::none) {
    findings.push_back(about(table, Severity::warning, "unlogged",
                             "the table is unlogged: nothing of it is in the server's log, it is not mirrored",
                             fmt::format("ALTER TABLE {} SET LOGGED;", quoted(table))));
  } else if (followed.following == Following::inserts_only) {
    findings.push_back(about(table, Severity::warning, "no_identity",
                             fmt::format("the table {}: only inserts and truncates are followed, updates and deletes "
                                         "are not; give it a primary key, or let the whole row identify it",
                                         followed.reason),
                             table.identity_in_all_leaves ? identity_sql(table) : ""));
  }
}

void check_rights(const PreflightFacts& facts, const CatalogTable& table, PreflightFindings& findings) {
  const std::string role = libpq::quote_identifier(facts.role);
  if (!table.readable) {
    std::string sql;
    if (facts.unusable_schemas.contains(table.schema)) {
      sql = fmt::format("GRANT USAGE ON SCHEMA {} TO {}; ", libpq::quote_identifier(table.schema), role);
    }
    findings.push_back(about(table, Severity::error, "select_right",
                             fmt::format("role {} may not read the table", facts.role),
                             sql + fmt::format("GRANT SELECT ON {} TO {};", quoted(table), role)));
  }
  if (table.row_security) {
    findings.push_back(
        about(table, Severity::error, "row_security",
              fmt::format("row level security hides rows from role {}, a copy would be refused", facts.role),
              fmt::format("ALTER ROLE {} BYPASSRLS;", role)));
  }
}

std::string published_as(const CatalogTable& table) { return (table.partitioned ? "" : "ONLY ") + quoted(table); }

std::string create_publication(const PreflightFacts& facts, const std::string& suffix,
                               const std::vector<std::string>& tables, const std::string& publish) {
  return fmt::format("CREATE PUBLICATION {}{}{} WITH (publish = '{}'{});",
                     libpq::quote_identifier(facts.names.publication + suffix), tables.empty() ? "" : " FOR TABLE ",
                     fmt::join(tables, ", "), publish,
                     facts.version >= since::published_roots ? ", publish_via_partition_root = true" : "");
}

/// Only a table's owner may publish it.
void check_publication(const PreflightFacts& facts, const std::vector<const CatalogTable*>& all,
                       const std::vector<const CatalogTable*>& inserts, PreflightFindings& findings) {
  bool owns_all = true;
  std::vector<std::string> tables[2];
  std::string additions;
  int list = 0;
  for (const auto* const group : {&all, &inserts}) {
    const std::string publication = facts.names.publication + (list == 1 ? "_inserts" : "");
    for (const CatalogTable* const table : *group) {
      owns_all = owns_all && table->owned;
      tables[list].push_back(published_as(*table));
      if (table->owned || facts.published.contains({table->schema, table->name})) continue;
      additions += fmt::format("ALTER PUBLICATION {} ADD TABLE {}; ", libpq::quote_identifier(publication),
                               published_as(*table));
    }
    ++list;
  }
  const std::string subject = "publication " + facts.names.publication;
  if (facts.publication_exists && !additions.empty()) {
    additions.pop_back();
    findings.push_back({Severity::error, "publication", subject,
                        fmt::format("role {} does not own all mirrored tables, and some are not published; their owner "
                                    "has to publish them",
                                    facts.role),
                        additions});
  } else if (!facts.publication_exists && !(owns_all && facts.creates_in_database)) {
    findings.push_back(
        {Severity::error, "publication", subject,
         fmt::format("role {} {}; somebody who may has to make the publications", facts.role,
                     owns_all ? "may not create anything in the database" : "does not own all mirrored tables"),
         create_publication(facts, "", tables[0], "insert, update, delete, truncate") + " " +
             create_publication(facts, "_inserts", tables[1], "insert, truncate")});
  } else {
    findings.push_back({Severity::ok, "publication", subject,
                        facts.publication_exists ? "stands" : "will be made at the first start"});
  }
}

void check_rules(const CatalogPicture& picture, const config::TableRules& rules, PreflightFindings& findings) {
  std::vector<config::KnownTable> known;
  for (const CatalogTable& table : picture.tables) {
    config::KnownTable& entry = known.emplace_back();
    entry.schema = table.schema;
    entry.name = table.name;
    for (const CatalogColumn& column : table.columns) entry.columns.push_back(column.name);
  }
  for (const std::string& pattern : rules.patterns_without_match(known)) {
    findings.push_back({Severity::warning, "rule_without_match", "rule " + pattern,
                        "matches no table or column that keeps rows; views and partitions are none"});
  }
}

}  // namespace

PreflightFindings preflight_tables(const PreflightFacts& facts, const CatalogPicture& picture,
                                   const config::TableRules& rules) {
  PreflightFindings findings;
  std::vector<const CatalogTable*> all;
  std::vector<const CatalogTable*> inserts;
  for (const CatalogTable& table : picture.tables) {
    const std::optional<FollowedTable> followed = follow(table, rules);
    if (!followed) continue;
    check_identity(table, *followed, findings);
    if (followed->following == Following::none) continue;
    if (table.partitioned && facts.version < since::published_roots) {
      findings.push_back(
          about(table, Severity::error, "partitioned",
                "the server cannot publish a partitioned table; exclude it, or upgrade to PostgreSQL 13"));
    }
    check_rights(facts, table, findings);
    (followed->following == Following::all ? all : inserts).push_back(&table);
  }
  check_rules(picture, rules, findings);
  if (all.empty() && inserts.empty()) {
    findings.push_back({Severity::error, "no_tables", "tables", "no table is left to mirror; see the rules"});
  } else {
    check_publication(facts, all, inserts, findings);
  }
  return findings;
}

}  // namespace pgmirror::capture::postgres
