#pragma once

#include <optional>
#include <string>

#include "change/position.hpp"
#include "config/config.hpp"

namespace pgmirror::capture::postgres {

/// Why a PostgresSource could not go on from a queue that ends at `queue_end`, or, where there is no queue, could not
/// begin with the slot that stands there; nothing when it can. Changes nothing. Throws DatabaseError.
std::optional<std::string> why_not_continued(const config::PostgresSource& settings, change::Position queue_end,
                                             const std::optional<change::SourceIdentity>& queue_identity);

}  // namespace pgmirror::capture::postgres
