#pragma once

#include "config/config.hpp"
#include "sinks/postgres/mirror_status.hpp"

namespace pgmirror::sinks::postgres {

/// What a mirror says of itself when nobody works on it.
struct MirrorPeek {
  bool reachable = false;
  /// Position, commit time, parked changes, tables and TLS; where it is not reachable, the reason alone.
  MirrorStatus status;
};

/// Connects for a moment, waiting three seconds at most, and reads; writes nothing. Throws nothing that a server could
/// cause.
MirrorPeek peek_at_mirror(const config::Mirror& mirror);

}  // namespace pgmirror::sinks::postgres
