#pragma once

#include <cstdint>
#include <string>

#include "change/value.hpp"
#include "sinks/postgres/target_type.hpp"

namespace pgmirror::sinks::postgres {

/// Whether the cell alone tells what the source stored.
enum class CellFit : std::uint8_t {
  stored,
  odd,  ///< the value must also go to pgmirror.odd_values, in the same transaction
};

/// Appends one cell in PostgreSQL's binary field form: length as int32 in network order and the bytes, -1 for NULL.
/// Fields of COPY BINARY and elements of binary arrays have this same form (manual: "COPY", "File Formats").
///
/// What does not fit appends NULL and is odd: NUL or invalid UTF-8 in text, text in a bigint column, a number out of
/// range, a moment that cannot be read. What fits but reads back as another storage class is appended *and* odd.
/// Reading back, cell to source value, by encoding:
/// - boolean: integer 0 or 1. bigint, integer, smallint: integer. double precision: real (bytea: blob, uuid: text, or
///   blob where the family is blob).
/// - numeric: integer where whole and within 64 bits, else real. (SQLite's affinity keeps no whole reals there.)
/// - text: of a text column, text. Of any other family: a number if the text is exactly what integer_text() or
///   real_text() give for it, else text. So `5` in an untyped column is the integer, and the text '5' there is odd.
/// - json, jsonb, date, timestamp, timestamptz: chosen by the user, who gave up the spelling; what reads is stored.
/// - cast_text: text.
/// A cell that is `unchanged` throws std::logic_error: it has no bytes.
CellFit append_cell(std::string& out, const change::Value& value, const TargetType& type);

/// As append_cell in COPY's text format, without the delimiter; for columns of cast_text.
CellFit append_copy_text_cell(std::string& out, const change::Value& value, const TargetType& type);

void append_null_cell(std::string& out);

/// Decimal digits.
std::string integer_text(std::int64_t number);
/// Shortest text that reads back as the same double, as PostgreSQL prints it, with `.0` where it would look like an
/// integer: `1.0`, `0.1`, `1e+22`, `-0.0`, `Infinity`.
std::string real_text(double number);
/// Whether `text` is exactly what integer_text or real_text give for some number.
bool is_number_text(std::string_view text);

/// UTF-8 as PostgreSQL has it (no surrogates, no overlong forms, up to U+10FFFF) and without NUL.
bool is_storable_text(std::string_view text);

}  // namespace pgmirror::sinks::postgres
