#pragma once

#include "capture/postgres/preflight.hpp"

namespace pgmirror::capture::postgres::triggers {

/// As preflight(), where changes are to be found by triggers. `connection` is a source session of the role of `facts`.
/// Changes nothing. Throws DatabaseError.
PreflightFindings trigger_preflight(libpq::Connection& connection, const PreflightFacts& facts,
                                    const config::TableRules& rules);

}  // namespace pgmirror::capture::postgres::triggers
