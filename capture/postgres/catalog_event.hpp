#pragma once

#include <cstdint>
#include <string>

#include "capture/postgres/relation_catalog.hpp"
#include "change/schema_statement.hpp"
#include "change/transaction.hpp"

namespace pgmirror::capture::postgres {

/// Something that the catalog tells and the stream does not, or not yet.
struct CatalogEvent {
  enum class Kind : std::uint8_t {
    table_appeared,     ///< publish it, then a gap; what it needs comes before as statements
    table_disappeared,  ///< dropped, or no longer wanted by the rules under its new name
    table_redefined,    ///< columns, key or name; the stream may have told already
    following_changed,  ///< publish it otherwise: `table.following`
    content_gap,        ///< rows were rewritten, moved in or out without a change of their own
    statement,
  };
  Kind kind = Kind::statement;
  FollowedTable table{};  ///< as it is now, or as it was when it disappeared; of a statement only whose layout it tells
  change::SchemaChange schema{};  ///< table_redefined
  std::string reason{};           ///< content_gap, for people
  change::SchemaStatement statement{};
  /// Harmless before the stream has come as far as the catalog, and better early: something that rows in between may
  /// need (a label, a table) or may violate (a constraint that is gone).
  bool at_once = false;
};

}  // namespace pgmirror::capture::postgres
