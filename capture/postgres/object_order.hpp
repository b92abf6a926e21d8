#pragma once

#include <vector>

#include "capture/postgres/object_dependencies.hpp"
#include "capture/postgres/schema_object.hpp"

namespace pgmirror::capture::postgres {

/// Objects before the data first; each behind all that it needs; else by rank and age. Objects that need each other in
/// a circle come in that order of rank and age.
std::vector<SchemaObject> in_order(std::vector<SchemaObject> objects, const ObjectDependencies& dependencies);

}  // namespace pgmirror::capture::postgres
