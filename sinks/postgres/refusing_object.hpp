#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "change/relation.hpp"
#include "libpq/connection.hpp"
#include "sinks/postgres/schema_builder.hpp"

namespace pgmirror::sinks::postgres {

/// A foreign key or an index of the mirror that refuses what the source holds.
struct RefusingObject {
  enum class Kind : std::uint8_t { foreign_key, index };
  Kind kind = Kind::foreign_key;
  libpq::ConstraintName name{};
  const char* reason = "";  ///< what the source has that the object refuses
};

/// The object whose rule the source does not have: a foreign key that is violated, an index whose pages are too small
/// for a value. None for all other errors; a value that stands there twice may be the mirror's fault.
std::optional<RefusingObject> refusing_object(const libpq::DatabaseError& error);

/// Removes it if pgmirror made it: a source need not hold to its own foreign keys (SQLite checks them only where the
/// application asks for it), and its indexes take values of any length; both are in the mirror for tools and readers,
/// and rows count more. Recorded in pgmirror.schema_history with the reason, and warned of.
///
/// One transaction of its own. False when the object is not one that we give these relations, or another one depends on
/// it. Throws DatabaseError.
bool drop_refusing_object(libpq::Connection& connection, const SchemaBuilder& schema,
                          const std::vector<change::RelationPtr>& relations, change::Position position,
                          const RefusingObject& refusing);

/// Whether an index cannot take a value for its length. The server does not always name the index.
bool too_long_for_an_index(const libpq::DatabaseError& error);

/// Removes those indexes of `relation` that pgmirror made and that `chosen` names, inside the caller's transaction, and
/// records it. Returns how many there were. Throws DatabaseError.
std::size_t drop_own_indexes(libpq::Connection& connection, const SchemaBuilder& schema,
                             const change::Relation& relation, change::Position position, const std::string& reason,
                             const std::function<bool(const change::Index&)>& chosen);

}  // namespace pgmirror::sinks::postgres
