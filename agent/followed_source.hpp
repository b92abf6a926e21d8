#pragma once

#include <memory>
#include <optional>

#include "capture/source.hpp"
#include "config/config.hpp"

namespace pgmirror::agent {

/// The source that the user named, ready to be followed from `queue_end` on; `identity` is that of the queue, nothing
/// where it is new. Blocks while a SQLite store is copied into the shadow. Throws capture::SourceRefused and what the
/// source's constructor throws.
std::unique_ptr<capture::Source> open_source(const config::Config& config, change::Position queue_end,
                                             const std::optional<change::SourceIdentity>& identity);

}  // namespace pgmirror::agent
