#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <stdexcept>
#include <string>

namespace pgmirror::agent {

/// No agent answers in this state directory.
class NoAgent : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The agent answered with an error.
class RequestRefused : public std::runtime_error {
 public:
  RequestRefused(const std::string& message, int exit_code) : std::runtime_error(message), exit_code_(exit_code) {}
  int exit_code() const { return exit_code_; }

 private:
  int exit_code_;
};

/// Asks the agent that runs on a state directory, over the socket of ControlServer. Blocks until the answer is there;
/// `silence` is the longest time between two lines of it. Throws NoAgent, RequestRefused, LocalSocketError when the
/// agent ends or falls silent before it has answered.
nlohmann::json ask_agent(const std::filesystem::path& state_directory, const nlohmann::json& request,
                         const std::function<void(const nlohmann::json&)>& progress, std::chrono::milliseconds silence);
/// Where no progress is expected, within ten seconds.
nlohmann::json ask_agent(const std::filesystem::path& state_directory, const nlohmann::json& request);

}  // namespace pgmirror::agent
