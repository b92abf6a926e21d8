#pragma once

#include <string>

#include "sinks/postgres/schema_record.hpp"

namespace pgmirror::sinks::postgres {

/// Before a column of the mirror is dropped or gets another type, as the source's did: views of the source over it go,
/// since there they have gone or are another thing, and come again where the source has them. A sequence that the
/// mirror would drop with the column stays, because the source may have given it to another one. Views of somebody else
/// stay and keep the column. Inside the caller's transaction. Throws DatabaseError.
void release_column(SchemaRecord& record, const std::string& schema, const std::string& table,
                    const std::string& column);

}  // namespace pgmirror::sinks::postgres
