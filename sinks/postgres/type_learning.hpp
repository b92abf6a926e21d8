#pragma once

#include <vector>

#include "change/schema_statement.hpp"
#include "libpq/connection.hpp"
#include "sinks/postgres/schema_script_run.hpp"

namespace pgmirror::sinks::postgres {

/// Brings the mirror's enums to the labels that `types` list in order: statements that make the types
/// (Snapshot::definition()) or add their labels (SnapshotProvider::type_additions()); others do not matter. A label
/// that stands here and is not among them was renamed; all others are added. Types that do not stand here come with
/// their own statements. Throws DatabaseError.
void learn_labels(libpq::Connection& connection, const std::vector<change::SchemaStatement>& types,
                  SchemaScriptRun& script);

}  // namespace pgmirror::sinks::postgres
