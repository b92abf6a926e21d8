#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "agent/mirror_agent.hpp"

namespace pgmirror::agent {

struct HttpAnswer {
  unsigned status = 200;
  std::string content_type;
  std::string body;
};

/// What the endpoint says to GET or HEAD of a path; it only reads.
///
/// | path                     | answer                                                                             |
/// |--------------------------|------------------------------------------------------------------------------------|
/// | `/livez`                 | 200 as long as this process answers; looks at no mirror                            |
/// | `/readyz`, `/healthz`    | 200 without troubles and with every mirror at work, else 503; a line a reason      |
/// | `/metrics`               | docs/metrics.md                                                                    |
/// | `/api/v1/status`         | docs/status.md                                                                     |
HttpAnswer http_answer(std::string_view method, std::string_view target, const std::function<AgentStatus()>& status);

/// Whether a request may come with this Host header to an endpoint that listens on `listen_host`. On a loopback address
/// only names of this machine are accepted, so that no web page can reach it under a name of its own (DNS rebinding);
/// an endpoint that was opened to others answers to any name.
bool host_is_accepted(std::string_view host_header, std::string_view listen_host);

}  // namespace pgmirror::agent
