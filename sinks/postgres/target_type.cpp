#include "sinks/postgres/target_type.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace pgmirror::sinks::postgres {
namespace {

using change::Column;
using change::ColumnProfile;
using change::TypeFamily;
using Encoding = TargetType::Encoding;
using Moment = TargetType::Moment;

/// Object identifiers of PostgreSQL's catalog, pg_type.dat; fixed for ever.
struct KnownType {
  Encoding encoding;
  const char* sql;
  TypeOid oid;
  TypeOid array_oid;
  const char* array_sql;
};
constexpr std::array known_types{
    KnownType{Encoding::boolean, "boolean", 16, 1000, "boolean[]"},
    KnownType{Encoding::smallint, "smallint", 21, 1005, "smallint[]"},
    KnownType{Encoding::integer, "integer", 23, 1007, "integer[]"},
    KnownType{Encoding::bigint, "bigint", 20, 1016, "bigint[]"},
    KnownType{Encoding::double_precision, "double precision", 701, 1022, "double precision[]"},
    KnownType{Encoding::numeric, "numeric", 1700, 1231, "numeric[]"},
    KnownType{Encoding::text, "text", 25, 1009, "text[]"},
    KnownType{Encoding::bytea, "bytea", 17, 1001, "bytea[]"},
    KnownType{Encoding::uuid, "uuid", 2950, 2951, "uuid[]"},
    KnownType{Encoding::json, "json", 114, 199, "json[]"},
    KnownType{Encoding::jsonb, "jsonb", 3802, 3807, "jsonb[]"},
    KnownType{Encoding::date, "date", 1082, 1182, "date[]"},
    KnownType{Encoding::timestamp, "timestamp without time zone", 1114, 1115, "timestamp without time zone[]"},
    KnownType{Encoding::timestamptz, "timestamp with time zone", 1184, 1185, "timestamp with time zone[]"},
    KnownType{Encoding::cast_text, "text", 25, 1009, "text[]"},
};
/// What the server prints for these is turned into its binary form exactly. Others are read by the server: char(n)
/// compares differently as plain text, and who knows what user types print.
constexpr std::array binary_natives{Encoding::boolean,   Encoding::smallint,   Encoding::integer,
                                    Encoding::bigint,    Encoding::numeric,    Encoding::double_precision,
                                    Encoding::text,      Encoding::bytea,      Encoding::uuid,
                                    Encoding::json,      Encoding::jsonb,      Encoding::date,
                                    Encoding::timestamp, Encoding::timestamptz};
constexpr TypeOid varchar_oid = 1043;
constexpr TypeOid bpchar_oid = 1042;
/// A type modifier of varchar and numeric is this much more than what it says (VARHDRSZ).
constexpr int modifier_header = 4;

TargetType known(Encoding encoding, TypeFamily family) {
  const auto* entry = std::ranges::find(known_types, encoding, &KnownType::encoding);
  TargetType type;
  type.sql = entry->sql;
  type.oid = entry->oid;
  type.array_oid = entry->array_oid;
  type.array_sql = entry->array_sql;
  type.encoding = encoding;
  type.family = family;
  return type;
}

bool is_moment(Encoding encoding) {
  return encoding == Encoding::date || encoding == Encoding::timestamp || encoding == Encoding::timestamptz;
}

Moment read_encoding(const Column& column, const std::string& name) {
  if (name.empty() || name == "iso8601") return Moment::iso8601;
  if (name == "unix") return Moment::unix_seconds;
  if (name == "unix_ms") return Moment::unix_milliseconds;
  if (name == "julian") return Moment::julian;
  throw TypeError(
      fmt::format("types: column {}: encoding {} is none of iso8601, unix, unix_ms, julian", column.name, name));
}

TargetType overridden(const Column& column, const config::TypeOverride& wanted) {
  static constexpr std::array<std::pair<const char*, Encoding>, 15> names{{
      {"text", Encoding::text},
      {"bigint", Encoding::bigint},
      {"double precision", Encoding::double_precision},
      {"float8", Encoding::double_precision},
      {"numeric", Encoding::numeric},
      {"boolean", Encoding::boolean},
      {"bool", Encoding::boolean},
      {"bytea", Encoding::bytea},
      {"uuid", Encoding::uuid},
      {"json", Encoding::json},
      {"jsonb", Encoding::jsonb},
      {"date", Encoding::date},
      {"timestamp", Encoding::timestamp},
      {"timestamptz", Encoding::timestamptz},
      {"timestamp with time zone", Encoding::timestamptz},
  }};
  const auto* found = std::ranges::find_if(names, [&](const auto& name) { return wanted.type == name.first; });
  if (found == names.end()) {
    throw TypeError(
        fmt::format("types: column {}: type {} is not among text, bigint, double precision, numeric, boolean, "
                    "bytea, uuid, json, jsonb, date, timestamp, timestamptz",
                    column.name, wanted.type));
  }
  TargetType type = known(found->second, column.family);
  if (is_moment(type.encoding)) {
    type.moment = read_encoding(column, wanted.encoding);
  } else if (!wanted.encoding.empty() && type.encoding != Encoding::bigint) {
    throw TypeError(fmt::format("types: column {}: encoding {} goes with date, timestamp and timestamptz only",
                                column.name, wanted.encoding));
  }
  return type;
}

Encoding integer_encoding(const ColumnProfile* profile) {
  if (profile != nullptr && profile->reals + profile->texts + profile->blobs > 0) return Encoding::text;
  return Encoding::bigint;
}

/// A column without a declared type holds what the application puts there; where that is one class, it is that class.
Encoding observed_encoding(const ColumnProfile* profile) {
  if (profile == nullptr) return Encoding::text;
  const bool integers = profile->integers > 0;
  const bool reals = profile->reals > 0;
  const bool texts = profile->texts > 0;
  const bool blobs = profile->blobs > 0;
  if (integers && !reals && !texts && !blobs) return Encoding::bigint;
  if (reals && !integers && !texts && !blobs) return Encoding::double_precision;
  if (blobs && !integers && !reals && !texts) return Encoding::bytea;
  return Encoding::text;
}

Encoding chosen_encoding(TypeFamily family, const ColumnProfile* profile) {
  const bool strange = profile != nullptr && profile->texts + profile->blobs > 0;
  switch (family) {
    case TypeFamily::native:
      return Encoding::cast_text;
    case TypeFamily::integer:
      return integer_encoding(profile);
    case TypeFamily::real:
      return strange ? Encoding::text : Encoding::double_precision;
    case TypeFamily::numeric:
      return strange ? Encoding::text : Encoding::numeric;
    case TypeFamily::boolean:
      // Without rows there is nothing that shows what the application means by a boolean.
      return profile != nullptr && profile->integers > 0 && profile->not_boolean == 0 ? Encoding::boolean
                                                                                      : integer_encoding(profile);
    case TypeFamily::text:
    case TypeFamily::datetime:
    case TypeFamily::json:
      return Encoding::text;
    case TypeFamily::blob:
      return profile != nullptr && profile->texts > 0 && profile->blobs == 0 ? Encoding::text : Encoding::bytea;
    case TypeFamily::any:
      return observed_encoding(profile);
  }
  return Encoding::text;
}

/// The rule for an existing type as such; modifiers follow.
std::optional<Encoding> existing_encoding(const CatalogType& existing) {
  if (existing.oid == varchar_oid) return Encoding::text;
  const auto* found = std::ranges::find(known_types, existing.oid, &KnownType::oid);
  if (found == known_types.end()) return std::nullopt;
  return found->encoding;
}

}  // namespace

TargetType choose_type(const Column& column, const ColumnProfile* profile, const config::TypeOverride* override_type) {
  if (override_type != nullptr) return overridden(column, *override_type);
  TargetType type = known(chosen_encoding(column.family, profile), column.family);
  if (type.encoding == Encoding::cast_text) type.sql = column.declared_type;
  return type;
}

std::optional<TargetType> type_of_existing(const Column& column, const CatalogType& existing,
                                           const config::TypeOverride* override_type) {
  if (column.family == TypeFamily::native) {
    const bool carries =
        existing.sql == column.declared_type || existing.sql == "text" || existing.sql == "character varying";
    if (!carries) return std::nullopt;
    const std::optional<Encoding> standing = existing_encoding(existing);
    const bool binary = standing && std::ranges::find(binary_natives, *standing) != binary_natives.end();
    TargetType type = known(binary ? *standing : Encoding::cast_text, column.family);
    type.sql = existing.sql;
    type.copies_as_text = existing.oid == bpchar_oid;
    return type;
  }
  const std::optional<Encoding> encoding = existing_encoding(existing);
  if (!encoding) return std::nullopt;
  TargetType type = known(*encoding, column.family);
  type.sql = existing.sql;
  if (existing.oid == varchar_oid && existing.modifier >= 0) type.length = existing.modifier - modifier_header;
  if (type.encoding == Encoding::numeric && existing.modifier >= 0) {
    const int packed = existing.modifier - modifier_header;
    type.precision = (packed >> 16) & 0xFFFF;
    type.scale = packed & 0x7FF;
    // PostgreSQL 15 allows negative scales and scales beyond the precision; eleven bits with a sign.
    if ((packed & 0x400) != 0 || type.scale > type.precision) return std::nullopt;
  }
  if (is_moment(type.encoding)) {
    // timestamp(3) would round.
    if (existing.modifier >= 0 && existing.modifier < 6) return std::nullopt;
    if (override_type != nullptr) type.moment = read_encoding(column, override_type->encoding);
  }
  return type;
}

}  // namespace pgmirror::sinks::postgres
