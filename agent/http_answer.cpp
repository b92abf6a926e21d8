#include "agent/http_answer.hpp"

#include <nlohmann/json.hpp>

#include "agent/metrics.hpp"
#include "agent/status_document.hpp"

namespace pgmirror::agent {

using sinks::postgres::MirrorState;

namespace {

constexpr const char* plain = "text/plain; charset=utf-8";

HttpAnswer text(unsigned status, std::string body) { return {status, plain, std::move(body)}; }

std::vector<std::string> reasons_not_ready(const AgentStatus& status) {
  std::vector<std::string> reasons = status.troubles();
  if (status.phase != AgentStatus::Phase::running) {
    reasons.push_back(std::string("the agent is ") + to_string(status.phase));
  }
  for (const AgentStatus::Mirror& mirror : status.mirrors) {
    if (mirror.status.state == MirrorState::connecting) {
      reasons.push_back("mirror \"" + mirror.status.name + "\": is not connected yet");
    }
  }
  return reasons;
}

HttpAnswer readiness(const AgentStatus& status) {
  const std::vector<std::string> reasons = reasons_not_ready(status);
  if (reasons.empty()) return text(200, "ready\n");
  std::string body;
  for (const std::string& reason : reasons) body += reason + "\n";
  return text(503, std::move(body));
}

std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') == host.npos ? host.size() : host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

bool is_loopback(std::string_view host) {
  // Only digits: 127.0.0.1.example.org is a name of somebody else.
  const bool is_loopback_address = host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos;
  return host == "localhost" || host == "[::1]" || host == "::1" || is_loopback_address;
}

}  // namespace

HttpAnswer http_answer(std::string_view method, std::string_view target, const std::function<AgentStatus()>& status) {
  if (method != "GET" && method != "HEAD") return text(405, "only GET and HEAD\n");
  const std::string_view path = target.substr(0, target.find('?'));
  if (path == "/livez") return text(200, "alive\n");
  if (path == "/readyz" || path == "/healthz") return readiness(status());
  const auto now = std::chrono::system_clock::now();
  if (path == "/metrics") {
    return {200, "text/plain; version=0.0.4; charset=utf-8", metrics_text(status(), now)};
  }
  if (path == "/api/v1/status") {
    const auto document = status_document(status(), now);
    return {200, "application/json", document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"};
  }
  return text(404, "there are /metrics, /livez, /readyz, /healthz and /api/v1/status\n");
}

bool host_is_accepted(std::string_view host_header, std::string_view listen_host) {
  return !is_loopback(listen_host) || is_loopback(without_port(host_header));
}

}  // namespace pgmirror::agent
