#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "change/relation.hpp"
#include "change/value.hpp"
#include "sinks/postgres/target_type.hpp"

namespace pgmirror::sinks::postgres {

/// A constant of SQLite's SQL: a default, or what a partial index compares with.
struct SourceConstant {
  change::ValueKind kind = change::ValueKind::null;
  std::int64_t integer = 0;
  double real = 0;
  std::string bytes{};

  /// A view of this object.
  change::Value value() const;
};

/// NULL, numbers with a sign, 'text', x'hex', TRUE and FALSE, in any number of parentheses; none for everything else.
std::optional<SourceConstant> read_constant(std::string_view sql);

/// What SQLite stores when the constant goes into a column of that family. None where that takes SQLite's own rendering
/// of numbers.
std::optional<SourceConstant> stored_in(const SourceConstant& constant, change::TypeFamily family);

/// The constant as a literal of the mirror's type; none where the type cannot hold it or its spelling depends on the
/// session.
std::optional<std::string> literal_for(const SourceConstant& constant, const TargetType& type);

/// What stands behind DEFAULT in the mirror; none where the source has none or it cannot be said in PostgreSQL.
std::optional<std::string> default_clause(const change::Column& column, const TargetType& type);

}  // namespace pgmirror::sinks::postgres
