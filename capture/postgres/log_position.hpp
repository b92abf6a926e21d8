#pragma once

#include <string_view>

#include "change/position.hpp"

namespace pgmirror::capture::postgres {

/// A log sequence number as PostgreSQL prints it: `16/B374D848`. Throws std::runtime_error for anything else.
change::Position parse_log_position(std::string_view text);

}  // namespace pgmirror::capture::postgres
