#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <stop_token>
#include <string>

#include "agent/mirror_agent.hpp"

namespace pgmirror::agent {

/// Has mirrors compared with the source, one after another, and mended where `repair` is set.
///
///     {"equal":bool, "mirrors":[{"mirror":NAME, "position":POSITION, "equal":bool, "repaired_rows":N, "tables":[
///       {"schema":..., "table":..., "rows_in_source":N, "rows_in_mirror":N, "missing":N, "extra":N, "different":N,
///        "sample_keys":[...], "not_comparable":...}]}]}
///
/// `mirror` empty: all. `progress` is called about once a second with the mirror that is waited for. Blocks until every
/// mirror has come to the commit at which the source stood. Throws ControlRefusal with exit code 64 for an unknown
/// name, 75 when a mirror cannot be reached, when what the source has committed by now is not captured within minutes,
/// or when `stop` was requested.
nlohmann::json verify_mirrors(MirrorAgent& agent, const std::string& mirror, bool repair,
                              const std::function<void(const nlohmann::json&)>& progress, const std::stop_token& stop);

}  // namespace pgmirror::agent
