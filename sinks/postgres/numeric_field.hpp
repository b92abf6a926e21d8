#pragma once

#include <string>
#include <string_view>

namespace pgmirror::sinks::postgres {

/// Appends the binary field of a numeric (numeric_recv: count of digits, weight, sign, display scale, base-10000
/// digits) for decimal text: sign, digits, point, exponent; `Infinity`, `-Infinity`, `NaN`. The scale is kept as
/// written.
///
/// Appends nothing and returns false when `text` is no such number, or does not fit `precision` and `scale` without
/// rounding (precision -1: any).
bool append_numeric_field(std::string& out, std::string_view text, int precision, int scale);

}  // namespace pgmirror::sinks::postgres
