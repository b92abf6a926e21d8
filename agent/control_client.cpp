#include "agent/control_client.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "agent/local_socket.hpp"
#include "agent/state_directory.hpp"

namespace pgmirror::agent {

using nlohmann::json;

namespace {

/// Answers hold every table of every mirror.
constexpr std::size_t longest_answer = std::size_t{64} << 20U;
constexpr std::chrono::seconds usual_silence{10};

LocalSocket::Deadline after(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

LocalSocket connect(const std::filesystem::path& state_directory) {
  try {
    return LocalSocket::connect(control_socket(state_directory));
  } catch (const LocalSocketError& error) {
    throw NoAgent(
        fmt::format("no agent answers ({}); start \"pgmirror run\", or name its state directory with "
                    "MIRROR_STATE_DIR",
                    error.what()));
  }
}

}  // namespace

json ask_agent(const std::filesystem::path& state_directory, const json& request,
               const std::function<void(const json&)>& progress, std::chrono::milliseconds silence) {
  LocalSocket socket = connect(state_directory);
  socket.write_line(request.dump(), after(usual_silence));
  while (const std::optional<std::string> line = socket.read_line(longest_answer, after(silence))) {
    json answer = json::parse(*line);
    if (answer.contains("progress")) {
      progress(answer["progress"]);
    } else if (answer.contains("error")) {
      throw RequestRefused(answer["error"].get<std::string>(), answer.at("exit_code").get<int>());
    } else {
      return std::move(answer.at("result"));
    }
  }
  throw LocalSocketError("agent: ended before it had answered; see its log");
}

json ask_agent(const std::filesystem::path& state_directory, const json& request) {
  return ask_agent(
      state_directory, request, [](const json&) {}, usual_silence);
}

}  // namespace pgmirror::agent
