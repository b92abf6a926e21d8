#pragma once

#include "agent/control_server.hpp"
#include "agent/running_agent.hpp"

namespace pgmirror::agent {

/// What the agent does for local commands; `agent` outlives the handler.
///
/// | request                                                       | result                                       |
/// |---------------------------------------------------------------|----------------------------------------------|
/// | {"command":"status"}                                          | the document of docs/status.md               |
/// | {"command":"pause", "mirror":NAME}                            | {"mirrors":[NAME...]}, those that it was for |
/// | {"command":"resume", "mirror":NAME}                           | likewise                                     |
/// | {"command":"resync", "tables":[TABLE...], "mirror":NAME}      | likewise                                     |
/// | {"command":"resync", "all":true, "mirror":NAME}               | likewise                                     |
/// | {"command":"verify", "repair":bool, "mirror":NAME}            | see verify_request.hpp                       |
/// | {"command":"tail", "from":POSITION, "follow":bool, "values":bool} | {}; every line is a progress             |
///
/// Without "mirror" it is for all of them.
ControlServer::Handler control_requests(RunningAgent& agent);

}  // namespace pgmirror::agent
