#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "agent/mirror_agent.hpp"

namespace pgmirror::agent {

/// The status as the stable JSON document of docs/status.md, as of `now`. Fields are added to it, never changed.
nlohmann::json status_document(const AgentStatus& status, std::chrono::system_clock::time_point now);

/// How old the oldest commit is that the mirror has not got: 0 when it has everything, none as long as it has nothing.
std::optional<std::chrono::duration<double>> lag(const AgentStatus::Mirror& mirror,
                                                 std::chrono::system_clock::time_point now);

}  // namespace pgmirror::agent
