#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pgmirror::sinks::postgres {

/// Decimal digits.
std::string integer_text(std::int64_t number);

/// Shortest text that reads back as the same double, as PostgreSQL prints a double precision, with `.0` where that
/// would look like an integer: `1.0`, `0.1`, `1e+22`, `-0.0`, `Infinity`, `NaN`.
std::string real_text(double number);

/// Whether `text` is exactly what integer_text or real_text give for some number (NaN aside, which no SQLite file
/// holds).
bool is_number_text(std::string_view text);

}  // namespace pgmirror::sinks::postgres
