#include "capture/postgres/preflight.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>

#include "capture/postgres/server_versions.hpp"
#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres {
namespace {

using Severity = PreflightFinding::Severity;
constexpr const char* server = "server";

constexpr int newest_tried = 150000;

}  // namespace

PreflightFindings preflight_server(const PreflightFacts& facts) {
  PreflightFindings findings;
  const auto add = [&](Severity severity, std::string code, std::string what, std::string sql = {}) {
    findings.push_back({severity, std::move(code), server, std::move(what), std::move(sql)});
  };
  if (facts.version < since::followed) {
    add(Severity::error, "server_version", "the server is older than PostgreSQL 12; upgrade it");
    return findings;
  }
  if (facts.version >= newest_tried + 10000) {
    add(Severity::warning, "server_version",
        fmt::format("PostgreSQL {} is newer than the newest that was tried, {}", facts.version / 10000,
                    newest_tried / 10000));
  } else {
    add(Severity::ok, "server_version", fmt::format("PostgreSQL {}", facts.version / 10000));
  }
  if (facts.pooled) {
    add(Severity::error, "pooler",
        "a connection pooler stands between, which passes no replication on; give the address of the server itself");
  }
  if (facts.in_recovery) {
    add(Severity::error, "standby",
        "the server is a standby, whose snapshots are not those of its primary; give the "
        "address of the primary");
  }
  if (facts.wal_level != "logical") {
    add(Severity::error, "wal_level",
        fmt::format("wal_level is {}, logical decoding needs logical; set it and restart the server (in Compose: "
                    "command: postgres -c wal_level=logical), or set capture.postgres.method to triggers",
                    facts.wal_level),
        "ALTER SYSTEM SET wal_level = 'logical';");
  }
  if (facts.encoding == "SQL_ASCII") {
    add(Severity::error, "encoding",
        fmt::format("database {} has encoding SQL_ASCII: what its bytes mean is not known, so they cannot be stored "
                    "elsewhere; move it to a database with an encoding",
                    facts.database));
  }
  if (!facts.slot_exists && facts.used_slots >= facts.max_slots) {
    add(Severity::error, "replication_slots",
        fmt::format("all {} replication slots are in use; one is needed, and a second one while a copy begins; set "
                    "more and restart the server, or drop one that nobody needs",
                    facts.max_slots),
        fmt::format("ALTER SYSTEM SET max_replication_slots = {};", facts.max_slots + 4));
  } else if (facts.max_slots - facts.used_slots < (facts.slot_exists ? 1 : 2)) {
    add(Severity::warning, "replication_slots",
        "no second replication slot is free: copies, which need one for a moment, will have to wait",
        fmt::format("ALTER SYSTEM SET max_replication_slots = {};", facts.max_slots + 4));
  }
  if (facts.max_senders - facts.used_senders < 2) {
    add(facts.used_senders >= facts.max_senders ? Severity::error : Severity::warning, "wal_senders",
        fmt::format("{} of {} WAL senders are in use; one is needed, and a second one while a copy begins; set more "
                    "and restart the server",
                    facts.used_senders, facts.max_senders),
        fmt::format("ALTER SYSTEM SET max_wal_senders = {};", facts.max_senders + 4));
  }
  if (facts.slot_wal_limit_mb < 0 && facts.version >= 130000) {
    add(Severity::warning, "slot_wal_limit",
        "max_slot_wal_keep_size is not set: while no agent runs the server keeps its log until the disk is full",
        "ALTER SYSTEM SET max_slot_wal_keep_size = '10GB'; SELECT pg_reload_conf();");
  } else if (facts.slot_wal_limit_mb >= 0 && facts.slot_wal_limit_mb < 1024) {
    add(Severity::warning, "slot_wal_limit",
        fmt::format("max_slot_wal_keep_size is {} MB: when the agent rests while more than that is written, everything "
                    "has to be copied again",
                    facts.slot_wal_limit_mb),
        "ALTER SYSTEM SET max_slot_wal_keep_size = '10GB'; SELECT pg_reload_conf();");
  }
  return findings;
}

PreflightFindings preflight_role(const PreflightFacts& facts) {
  PreflightFindings findings;
  const std::string role = libpq::quote_identifier(facts.role);
  const auto add = [&](Severity severity, std::string code, std::string what, std::string sql = {}) {
    findings.push_back({severity, std::move(code), "role " + facts.role, std::move(what), std::move(sql)});
  };
  if (!facts.replication && !facts.superuser) {
    add(Severity::error, "replication_right", "the role may not use replication",
        fmt::format("ALTER ROLE {} REPLICATION;", role));
  } else {
    add(Severity::ok, "replication_right", "the role may use replication");
  }
  if (facts.superuser) {
    add(Severity::warning, "superuser", "the role is a superuser, which following a source does not need",
        fmt::format("CREATE ROLE mirror_source LOGIN REPLICATION PASSWORD '...'; GRANT CONNECT ON DATABASE {} TO "
                    "mirror_source;",
                    libpq::quote_identifier(facts.database)));
  }
  return findings;
}

PreflightFindings preflight(const PreflightFacts& facts, const CatalogPicture& picture,
                            const config::TableRules& rules) {
  if (facts.version == 0) {
    return {{Severity::error, "server_kind", server,
             fmt::format("this is not PostgreSQL but \"{}\"; only PostgreSQL has the log that is followed",
                         facts.version_text.substr(0, 60))}};
  }
  PreflightFindings findings = preflight_server(facts);
  std::ranges::move(preflight_role(facts), std::back_inserter(findings));
  std::ranges::move(preflight_tables(facts, picture, rules), std::back_inserter(findings));
  std::ranges::stable_sort(findings, std::greater<>{}, &PreflightFinding::severity);
  return findings;
}

}  // namespace pgmirror::capture::postgres
