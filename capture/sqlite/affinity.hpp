#pragma once

#include <cstdint>
#include <string_view>

#include "change/relation.hpp"

namespace pgmirror::capture::sqlite {

/// What SQLite prefers to store in a column ("Datatypes In SQLite", section 3.1).
enum class Affinity : std::uint8_t { blob, text, numeric, integer, real };

/// `strict`: the table is STRICT, where ANY means no affinity rather than NUMERIC.
Affinity column_affinity(std::string_view declared_type, bool strict);

/// A type name that has just this affinity.
std::string_view type_name(Affinity affinity);

/// The affinity, refined where the declared type says more than SQLite cares for: boolean, datetime, json, any.
change::TypeFamily type_family(std::string_view declared_type, bool strict);

}  // namespace pgmirror::capture::sqlite
