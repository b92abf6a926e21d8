#include <fmt/format.h>

#include "agent/doctor/checks.hpp"
#include "capture/postgres/preflight.hpp"
#include "capture/postgres/slot_names.hpp"
#include "capture/postgres/source_session.hpp"
#include "capture/postgres/triggers/trigger_preflight.hpp"

namespace pgmirror::agent::doctor {

namespace {

using capture::postgres::PreflightFinding;

Finding to_finding(const PreflightFinding& finding) {
  using Severity = PreflightFinding::Severity;
  const Level level = finding.severity == Severity::error     ? Level::error
                      : finding.severity == Severity::warning ? Level::warning
                                                              : Level::ok;
  return {.level = level,
          .subject = "source " + finding.subject,
          .what = finding.what,
          .why = {},
          .remedy = finding.sql.empty() ? "" : "run the SQL below in the source",
          .sql = finding.sql};
}

}  // namespace

PostgresSourceReport check_postgres_source(const config::Config& config) {
  const config::PostgresSource& source = *config.postgres;
  PostgresSourceReport report;
  Findings& findings = report.findings;
  try {
    libpq::Connection connection(source.connection, "pgmirror doctor", libpq::Connection::Access::read_only,
                                 {.pin_names = true});
    const auto facts = capture::postgres::read_preflight_facts(connection, capture::postgres::slot_names(source));
    findings.push_back({Level::ok, "source", fmt::format("{} answers", config.source_url)});
    for (const auto& [extension, schema, table] : facts.extensions) {
      if (config.tables.includes_table(schema, table)) report.extensions.insert(extension);
    }
    // Another program than PostgreSQL has no catalog to read.
    capture::postgres::CatalogPicture picture;
    if (facts.version > 0 && source.method == config::CaptureMethod::triggers) {
      libpq::Connection session = capture::postgres::open_source_session(source.connection, "pgmirror doctor");
      for (const PreflightFinding& finding :
           capture::postgres::triggers::trigger_preflight(session, facts, config.tables)) {
        findings.push_back(to_finding(finding));
      }
      return report;
    }
    if (facts.version > 0 && !facts.pooled) {
      libpq::Connection session = capture::postgres::open_source_session(source.connection, "pgmirror doctor");
      picture = capture::postgres::read_catalog_picture(session);
    }
    for (const PreflightFinding& finding : capture::postgres::preflight(facts, picture, config.tables)) {
      findings.push_back(to_finding(finding));
    }
  } catch (const libpq::DatabaseError& error) {
    findings.push_back({.level = Level::error,
                        .subject = "source",
                        .what = fmt::format("{} does not answer: {}", config.source_url, error.what()),
                        .why = "nothing can be followed until it answers",
                        .remedy = "check host, port, user and password in MIRROR_SOURCE_URL"});
  }
  return report;
}

}  // namespace pgmirror::agent::doctor
