#pragma once

#include "capture/postgres/object_readers.hpp"

namespace pgmirror::capture::postgres {

/// For each mirrored table one object that makes nothing and says what the table has (change::table_layout_kind): its
/// columns, and its parts among `objects`. Pure.
SchemaObjects table_layouts(const RelationCatalog& catalog, const ScriptScope& scope, const SchemaObjects& objects);

}  // namespace pgmirror::capture::postgres
