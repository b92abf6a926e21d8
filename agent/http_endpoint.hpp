#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "agent/mirror_agent.hpp"

namespace pgmirror::agent {

/// Serves http_answer() over HTTP/1.1 while it lives; the only place that knows Beast.
///
/// One thread for all connections. Whoever is slow loses his connection after some seconds, requests have 8 KiB of
/// header and no body, and beyond 64 connections no more are taken.
class HttpEndpoint {
 public:
  /// Listens on `address:port` (port 0: any free one) on return. `status` is called on the endpoint's thread and should
  /// not block for long. Throws std::system_error with the remedy.
  HttpEndpoint(const std::string& listen, std::function<AgentStatus()> status);
  ~HttpEndpoint();
  HttpEndpoint(const HttpEndpoint&) = delete;
  HttpEndpoint& operator=(const HttpEndpoint&) = delete;

  std::uint16_t port() const;

 private:
  class Listener;
  std::unique_ptr<Listener> listener_;
};

}  // namespace pgmirror::agent
