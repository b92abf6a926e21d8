#pragma once

#include <compare>
#include <cstdint>

namespace pgmirror::capture::postgres {

/// A PostgreSQL object identifier, unique within one catalog of one database.
using ObjectId = std::uint32_t;

/// Catalogs by the identifiers that they have in every PostgreSQL (manual, "pg_depend").
namespace catalogs {
inline constexpr ObjectId type = 1247;
inline constexpr ObjectId function = 1255;
inline constexpr ObjectId relation = 1259;  ///< tables, views, indexes, sequences
inline constexpr ObjectId column_default = 2604;
inline constexpr ObjectId operator_member = 2602;  ///< operator of a class or family
inline constexpr ObjectId function_member = 2603;  ///< function of a class or family
inline constexpr ObjectId cast = 2605;
inline constexpr ObjectId constraint = 2606;
inline constexpr ObjectId schema = 2615;
inline constexpr ObjectId operator_class = 2616;
inline constexpr ObjectId operation = 2617;  ///< an operator
inline constexpr ObjectId rule = 2618;
inline constexpr ObjectId trigger = 2620;
inline constexpr ObjectId operator_family = 2753;
inline constexpr ObjectId extension = 3079;
inline constexpr ObjectId policy = 3256;
inline constexpr ObjectId statistics = 3381;
inline constexpr ObjectId collation = 3456;
inline constexpr ObjectId search_dictionary = 3600;
inline constexpr ObjectId search_configuration = 3602;
}  // namespace catalogs

/// One object of a database.
struct ObjectNode {
  ObjectId catalog = 0;
  ObjectId oid = 0;
  auto operator<=>(const ObjectNode&) const = default;
};

}  // namespace pgmirror::capture::postgres
