#pragma once

#include <chrono>
#include <string>

#include "agent/mirror_agent.hpp"

namespace pgmirror::agent {

/// The status in Prometheus' text format; docs/metrics.md lists every metric. Mirrors and the states of tables are
/// labels, tables themselves are not: their number has no bound.
std::string metrics_text(const AgentStatus& status, std::chrono::system_clock::time_point now);

}  // namespace pgmirror::agent
