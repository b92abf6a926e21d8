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
/// range, a moment that cannot be read. What fits but would read back as something else is appended *and* odd.
/// Reading back, cell to source value, by encoding:
/// - boolean: integer 0 or 1. bigint, integer, smallint: integer. bytea: blob.
/// - double precision: real. An integer of a column of family real is the real that SQLite would give for it.
/// - numeric: integer where whole and within 64 bits, else real. (SQLite's affinity keeps no whole reals there.)
/// - text: of a column of family text, text. Of any other family: a number if the text is exactly what integer_text()
/// or
///   real_text() give for it, else text. So `5` in an untyped column is the integer, and the text '5' there is odd.
/// - uuid: the text in lower case with hyphens; where the family is blob, the 16 bytes.
/// - json, jsonb, date, timestamp, timestamptz: chosen by the user, who gave up the spelling; what can be read is
/// stored.
/// A column of a PostgreSQL source is given as its server printed the value, whatever the encoding, and reads back as
/// that same text.
/// A cell that is `unchanged` throws std::logic_error: it has no bytes.
CellFit append_cell(std::string& out, const change::Value& value, const TargetType& type);

/// The same in COPY's text format, without the delimiter, for columns of a PostgreSQL source. Others throw
/// std::logic_error.
CellFit append_copy_text_cell(std::string& out, const change::Value& value, const TargetType& type);

}  // namespace pgmirror::sinks::postgres
