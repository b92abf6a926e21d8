#include "sinks/postgres/retyping.hpp"

#include <fmt/format.h>

namespace pgmirror::sinks::postgres {
namespace {

using Encoding = TargetType::Encoding;

bool is_whole(Encoding encoding) {
  return encoding == Encoding::bigint || encoding == Encoding::integer || encoding == Encoding::smallint;
}

/// The text that append_cell would write for what stands there.
std::optional<std::string> as_text(const TargetType& standing, const std::string& column) {
  if (standing.encoding == Encoding::boolean) return fmt::format("{}::integer::text", column);
  if (is_whole(standing.encoding) || standing.encoding == Encoding::uuid) return fmt::format("{}::text", column);
  if (standing.encoding == Encoding::double_precision) {
    return fmt::format("CASE WHEN {0}::text ~ '^-?[0-9]+$' THEN {0}::text || '.0' ELSE {0}::text END", column);
  }
  if (standing.encoding == Encoding::numeric) {
    // What is no whole number came as a double.
    return fmt::format(
        "CASE WHEN {0} = pg_catalog.trunc({0}) AND pg_catalog.abs({0}) < 9223372036854775808 THEN {0}::text "
        "WHEN {0}::double precision::text::numeric = {0} THEN {0}::double precision::text ELSE {0}::text END",
        column);
  }
  return std::nullopt;
}

std::optional<std::string> exact(const TargetType& standing, const TargetType& wanted, const std::string& column) {
  if (wanted.encoding == Encoding::text) return as_text(standing, column);
  if (standing.encoding == Encoding::boolean && wanted.encoding == Encoding::bigint) {
    return fmt::format("{}::integer::bigint", column);
  }
  if (standing.encoding == Encoding::boolean && wanted.encoding == Encoding::numeric) {
    return fmt::format("{}::integer::numeric", column);
  }
  if (is_whole(standing.encoding) && (wanted.encoding == Encoding::numeric || wanted.encoding == Encoding::bigint)) {
    return fmt::format("{}::{}", column, wanted.sql);
  }
  if (standing.encoding == Encoding::double_precision && wanted.encoding == Encoding::numeric) {
    return fmt::format("{}::text::numeric", column);
  }
  return std::nullopt;
}

/// Whether a column of that encoding can go on holding the new family's usual values.
bool serves(Encoding encoding, const TargetType& wanted) {
  if (encoding == wanted.encoding || encoding == Encoding::text) return true;
  if (is_whole(encoding)) return wanted.encoding == Encoding::boolean;
  if (encoding == Encoding::numeric) return is_whole(wanted.encoding) || wanted.encoding == Encoding::boolean;
  return false;
}

}  // namespace

std::optional<Retyping> retyping(const TargetType& standing, const TargetType& wanted,
                                 const std::string& quoted_column) {
  if (standing.sql == wanted.sql || serves(standing.encoding, wanted)) return std::nullopt;
  if (const auto expression = exact(standing, wanted, quoted_column)) return Retyping{wanted.sql, *expression};
  if (const auto expression = as_text(standing, quoted_column)) return Retyping{"text", *expression};
  return std::nullopt;
}

}  // namespace pgmirror::sinks::postgres
