#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

#include "change/relation.hpp"
#include "change/snapshot.hpp"
#include "config/config.hpp"

namespace pgmirror::sinks::postgres {

/// PostgreSQL's object identifier of a type; libpq's Oid without its header.
using TypeOid = unsigned int;

/// How cells of one column are written in the mirror: the column's type and the rule that makes its bytes.
///
/// The same value of the source must always be rebuildable from the cell, the family and pgmirror.odd_values; the rules
/// stand in cell_encoding.hpp. They depend on nothing but this struct, which can be made again from the relation and
/// the mirror's catalog at any time.
struct TargetType {
  enum class Encoding : std::uint8_t {
    boolean,
    smallint,
    integer,
    bigint,
    double_precision,
    numeric,
    text,
    bytea,
    uuid,
    json,
    jsonb,
    date,
    timestamp,
    timestamptz,
    cast_text,  ///< sent as text, cast to `sql` by the server
  };
  /// How the source writes moments that go to date, timestamp, timestamptz or bigint.
  enum class Moment : std::uint8_t { iso8601, unix_seconds, unix_milliseconds, julian };

  std::string sql;        ///< as in CREATE TABLE: `bigint`, `character varying(20)`
  TypeOid oid = 0;        ///< of the cells that append_cell makes; `text` for cast_text
  TypeOid array_oid = 0;  ///< of arrays of them
  std::string
      array_sql;  ///< `bigint[]`: what unnest($1::...) is given; for cast_text `text[]`, the element needs `::sql`
  Encoding encoding = Encoding::text;
  Moment moment = Moment::iso8601;
  change::TypeFamily family = change::TypeFamily::any;  ///< of the source column: which storage class is the usual one
  int length = -1;                                      ///< most characters of varchar(n), -1: any
  int precision = -1;                                   ///< of numeric(p,s), -1: any
  int scale = 0;
  bool copies_as_text = false;  ///< needs_cast(), but its binary form is the text: char(n)

  bool needs_cast() const { return encoding == Encoding::cast_text; }
  /// Whether append_cell's bytes are what COPY BINARY takes.
  bool copies_binary() const { return !needs_cast() || copies_as_text; }
  bool operator==(const TargetType&) const = default;
};

/// The type of a column that the mirror does not have yet.
///
/// - integer: bigint; text where the profile shows reals, texts or blobs
/// - real: double precision; text where the profile shows texts or blobs
/// - numeric, decimal: numeric; text where the profile shows texts or blobs
/// - boolean: boolean where a profile shows only 0, 1 and NULL; else as integer
/// - text, datetime, json: text
/// - blob: bytea; text where the profile shows texts and no blobs
/// - no type, any: the type of the only class the profile shows (whole numbers, reals, blobs), or text
/// - native (a PostgreSQL source): the declared type
///
/// An override wins: text, bigint, double precision, numeric, boolean, bytea, uuid, json, jsonb, date, timestamp,
/// timestamptz, with the encodings iso8601 (default), unix, unix_ms and julian for moments. Throws TypeError for
/// others.
TargetType choose_type(const change::Column& column, const change::ColumnProfile* profile,
                       const config::TypeOverride* override_type);

/// A column as the mirror's catalog has it.
struct CatalogType {
  TypeOid oid = 0;
  int modifier = -1;
  std::string sql;  ///< format_type()
};

/// The rule for a column that stands in the mirror already; none when no rule can fill that type without loss (real,
/// char(n), arrays, user types). A column of a PostgreSQL source goes into the same type, or into text.
std::optional<TargetType> type_of_existing(const change::Column& column, const CatalogType& existing,
                                           const config::TypeOverride* override_type);

/// A configured type that cannot be.
class TypeError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace pgmirror::sinks::postgres
