#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <list>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>

#include "agent/local_socket.hpp"

namespace pgmirror::agent {

/// Answers local commands while the agent runs: one JSON request a connection, on one line, then any number of progress
/// lines and one answer line.
///
///     {"command":"resync","tables":["users"]}
///     {"progress":...}                               as often as the command likes
///     {"result":...}  or  {"error":"...","exit_code":75}
///
/// A thread accepts and each connection has one of its own, so that a long request (verify) holds nobody up. Nothing a
/// client does or leaves undone lasts: a request has 4 KiB and two seconds to arrive, every line that is not read for
/// ten seconds ends its connection, and more than sixteen connections at once are refused. Only root and the user that
/// the agent runs as are heard.
class ControlServer {
 public:
  /// Sends one progress line. Throws LocalSocketError when nobody is there any more: let it pass, it ends the request.
  using Progress = std::function<void(const nlohmann::json&)>;
  /// Called on the connection's thread, from several at once. Throws ControlRefusal for what was asked wrongly; any
  /// other exception's text goes to the client as an error too. `stop` is requested when the server ends or the client
  /// hangs up between two progress lines.
  using Handler =
      std::function<nlohmann::json(const nlohmann::json& request, const Progress& progress, std::stop_token stop)>;

  struct Limits {
    std::size_t request_bytes = 4096;
    std::chrono::milliseconds request_time{2000};
    std::chrono::milliseconds line_time{10'000};
    std::size_t connections = 16;
  };

  /// Listens on return. `path` must belong to this process alone: hold the state directory's lock. Throws
  /// std::system_error, LocalSocketError.
  ControlServer(const std::filesystem::path& path, Handler handler, Limits limits);
  ControlServer(const std::filesystem::path& path, Handler handler);
  /// Ends all requests, waits for their handlers, removes the socket.
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

 private:
  struct Connection;

  void accept_until(const std::stop_token& stop);
  void serve(LocalSocket socket, const std::stop_token& stop) const;

  std::filesystem::path path_;
  Handler handler_;
  Limits limits_;
  LocalSocket listener_;
  std::list<Connection> connections_;
  std::jthread acceptor_;
};

/// A request that cannot be fulfilled as it was made. `exit_code` is what the command that asked ends with.
class ControlRefusal : public std::runtime_error {
 public:
  ControlRefusal(const std::string& message, int exit_code) : std::runtime_error(message), exit_code_(exit_code) {}
  int exit_code() const { return exit_code_; }

 private:
  int exit_code_;
};

}  // namespace pgmirror::agent
