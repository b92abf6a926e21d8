#include "agent/control_server.hpp"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "agent/exit_code.hpp"

namespace pgmirror::agent {

using nlohmann::json;

namespace {

LocalSocket::Deadline after(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

std::string to_line(const json& document) { return document.dump(-1, ' ', false, json::error_handler_t::replace); }

json refusal(const std::string& message, int exit_code) { return {{"error", message}, {"exit_code", exit_code}}; }

json parse_request(const std::string& line) {
  json request = json::parse(line, nullptr, false);
  if (!request.is_object() || !request.contains("command") || !request["command"].is_string()) {
    throw ControlRefusal(R"(request: is no JSON object with a "command")", static_cast<int>(ExitCode::usage));
  }
  return request;
}

void refuse(LocalSocket& socket, const std::string& message) {
  try {
    socket.write_line(to_line(refusal(message, static_cast<int>(ExitCode::temporary_failure))), after({}));
  } catch (const LocalSocketError& error) {
    spdlog::debug("[MirrorControl] connection ended: {}", error.what());
  }
}

bool may_ask(uid_t user) { return user == ::geteuid() || user == 0; }

}  // namespace

struct ControlServer::Connection {
  std::atomic<bool> ended = false;
  std::jthread thread;
};

ControlServer::ControlServer(const std::filesystem::path& path, Handler handler, Limits limits)
    : path_(path),
      handler_(std::move(handler)),
      limits_(limits),
      listener_(LocalSocket::listen(path)),
      acceptor_([this](const std::stop_token& stop) { accept_until(stop); }) {}

ControlServer::ControlServer(const std::filesystem::path& path, Handler handler)
    : ControlServer(path, std::move(handler), Limits{}) {}

ControlServer::~ControlServer() {
  acceptor_.request_stop();
  acceptor_.join();
  connections_.clear();
  std::error_code gone_already;
  std::filesystem::remove(path_, gone_already);
}

void ControlServer::accept_until(const std::stop_token& stop) {
  try {
    while (std::optional<LocalSocket> accepted = listener_.accept(stop)) {
      connections_.remove_if([](const Connection& connection) { return connection.ended.load(); });
      if (!may_ask(accepted->peer_user())) continue;
      if (connections_.size() >= limits_.connections) {
        refuse(*accepted, "agent: too many commands at once; try again later");
        continue;
      }
      Connection& connection = connections_.emplace_back();
      connection.thread =
          std::jthread([this, &connection, socket = std::move(*accepted)](const std::stop_token& ending) mutable {
            serve(std::move(socket), ending);
            connection.ended = true;
          });
    }
  } catch (const std::system_error& error) {
    // The mirrors go on without it; "status" will say that it cannot ask the agent.
    spdlog::error("[MirrorControl] {}: commands cannot reach this agent until it is started again", error.what());
  }
}

void ControlServer::serve(LocalSocket socket, const std::stop_token& stop) const {
  const auto send = [&](const json& line) { socket.write_line(to_line(line), after(limits_.line_time)); };
  try {
    const std::optional<std::string> line = socket.read_line(limits_.request_bytes, after(limits_.request_time));
    if (!line) return;
    try {
      const json request = parse_request(*line);
      spdlog::debug("[MirrorControl] {}", request["command"].get<std::string>());
      send({{"result", handler_(
                           request,
                           [&](const json& progress) {
                             send({{"progress", progress}});
                           },
                           stop)}});
    } catch (const LocalSocketError&) {
      throw;
    } catch (const ControlRefusal& refused) {
      send(refusal(refused.what(), refused.exit_code()));
    } catch (const std::exception& failure) {
      send(refusal(failure.what(), static_cast<int>(ExitCode::failure)));
    }
  } catch (const std::exception& client) {
    spdlog::debug("[MirrorControl] connection ended: {}", client.what());
  }
}

}  // namespace pgmirror::agent
