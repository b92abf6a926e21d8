#pragma once

#include <vector>

#include "capture/postgres/relation_catalog.hpp"
#include "change/value.hpp"

namespace pgmirror::capture::postgres {

/// The cells of a streamed row in the order of relation->columns, without excluded ones. `cells` is the room they live
/// in. Throws MalformedMessage when the row has not as many cells as the server described.
change::Tuple streamed_row(const StreamedRelation& relation, change::Tuple streamed, std::vector<change::Value>& cells);

/// What identified a row that was changed or removed, as change::RowChange::old_key wants it: identity cells, the
/// others unchanged; all cells with ReplicaIdentity::full. `key_only`: the server sent the key's cells alone.
change::Tuple streamed_identity(const StreamedRelation& relation, change::Tuple streamed, bool key_only,
                                std::vector<change::Value>& cells);

}  // namespace pgmirror::capture::postgres
