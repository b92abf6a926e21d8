#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "capture/postgres/preflight_facts.hpp"
#include "capture/postgres/relation_catalog.hpp"

namespace pgmirror::capture::postgres {

struct PreflightFinding {
  enum class Severity : std::uint8_t { ok, warning, error };
  Severity severity = Severity::ok;
  std::string code;     ///< stable, for programs: `wal_level`, `no_identity`
  std::string subject;  ///< `server`, `role mirror`, `table shop.orders`
  std::string what;     ///< as it is, and what comes of it
  std::string sql{};    ///< what mends it, for a role that may; empty where SQL cannot
  bool operator==(const PreflightFinding&) const = default;
};
using PreflightFindings = std::vector<PreflightFinding>;

/// Everything that stands in the way of following a source, or is worth knowing, errors first. `picture` as the role of
/// `facts` has read it; empty where that was not possible. Pure.
PreflightFindings preflight(const PreflightFacts& facts, const CatalogPicture& picture,
                            const config::TableRules& rules);

/// Its parts.
PreflightFindings preflight_server(const PreflightFacts& facts);
PreflightFindings preflight_role(const PreflightFacts& facts);
PreflightFindings preflight_tables(const PreflightFacts& facts, const CatalogPicture& picture,
                                   const config::TableRules& rules);

}  // namespace pgmirror::capture::postgres
