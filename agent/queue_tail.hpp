#pragma once

#include <nlohmann/json_fwd.hpp>
#include <stop_token>

#include "agent/control_server.hpp"
#include "queue/change_queue.hpp"

namespace pgmirror::agent {

/// Gives the committed transactions of the queue as progress, a line of text each: `begin`, one per change, `commit`.
///
/// `request`: "from" is the position after which to start (text; left out: what comes from now on, or with "follow"
/// false everything still held), "follow" goes on until `stop` or until the client is gone, "values" shows whole rows
/// instead of keys. Blocks its thread. Throws queue::PositionUnavailable, ControlRefusal.
nlohmann::json tail_queue(const queue::ChangeQueue& queue, const nlohmann::json& request,
                          const ControlServer::Progress& progress, const std::stop_token& stop);

}  // namespace pgmirror::agent
