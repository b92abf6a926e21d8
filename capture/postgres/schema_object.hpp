#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "capture/postgres/object_node.hpp"
#include "change/schema_statement.hpp"

namespace pgmirror::capture::postgres {

/// An object of the source with the statement that makes it elsewhere.
struct SchemaObject {
  /// Where an object stands among those that do not need each other.
  enum class Rank : std::uint8_t {
    schema,
    extension,
    collation,
    type,
    function,
    sequence,
    table,
    partition,
    sequence_owner,
    column_default,
    key,
    constraint,
    index,
    replica_identity,
    foreign_key,
    statistics,
    view,
    trigger,
    policy,
    comment,
  };
  ObjectNode node;
  Rank rank = Rank::table;
  change::SchemaStatement statement;
  std::vector<ObjectNode> after{};  ///< needed besides what the catalog knows
  ObjectId table = 0;               ///< that it is attached to
  std::string undo{};               ///< takes it away again
  std::string written_by{};         ///< transactions that last defined it; empty where that is not asked for
  ObjectNode part_of{};             ///< made whenever that object is made
};

/// An object is made because it is wanted itself, or only because something that is wanted needs it.
inline bool wanted_for_itself(SchemaObject::Rank rank) {
  return rank != SchemaObject::Rank::collation && rank != SchemaObject::Rank::type &&
         rank != SchemaObject::Rank::extension;
}

}  // namespace pgmirror::capture::postgres
