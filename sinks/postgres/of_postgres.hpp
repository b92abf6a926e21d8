#pragma once

#include "change/relation.hpp"

namespace pgmirror::sinks::postgres {

/// Whether it is a table of a PostgreSQL source, which may have no column at all.
inline bool of_postgres(const change::Relation& relation) { return !relation.schema.empty(); }

}  // namespace pgmirror::sinks::postgres
