#pragma once

#include <string_view>

namespace pgmirror::sinks::postgres {

/// Whether PostgreSQL's json takes `text`: well-formed JSON, not nested deeper than its stack allows.
bool is_json(std::string_view text);

/// Whether jsonb does: also no `\u0000`, and numbers that a numeric can hold.
bool is_jsonb(std::string_view text);

}  // namespace pgmirror::sinks::postgres
