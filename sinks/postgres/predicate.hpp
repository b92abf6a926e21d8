#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sinks/postgres/mirror_table.hpp"

namespace pgmirror::sinks::postgres {

/// The predicate of a partial index in PostgreSQL's SQL; none for anything but columns compared with constants, IS
/// NULL, IS NOT NULL and truth tests joined by AND, and for comparisons whose order or equality differs between the
/// two.
std::optional<std::string> translate_predicate(const MirrorTable& table, std::string_view where_sql);

}  // namespace pgmirror::sinks::postgres
