#include "agent/verify_command.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <exception>
#include <nlohmann/json.hpp>
#include <thread>

#include "agent/command_config.hpp"
#include "agent/control_client.hpp"
#include "agent/control_server.hpp"
#include "agent/mirror_agent.hpp"
#include "agent/verify_request.hpp"

namespace pgmirror::agent {

namespace {

using nlohmann::json;

constexpr std::chrono::minutes longest_silence{10};

json verify_alone(const config::Config& config, const std::string& mirror, bool repair) {
  MirrorAgent agent(config);
  std::exception_ptr failure;
  std::stop_source ended;
  std::jthread running([&](std::stop_token stop) {
    try {
      agent.run(stop);
    } catch (...) {
      failure = std::current_exception();
    }
    // Nothing that is waited for comes any more.
    ended.request_stop();
  });
  const auto end_agent = [&] {
    running.request_stop();
    running.join();
    if (failure) std::rethrow_exception(failure);
  };
  json result;
  try {
    result = verify_mirrors(
        agent, mirror, repair, [](const json&) {}, ended.get_token());
  } catch (const ControlRefusal&) {
    end_agent();
    throw;
  }
  end_agent();
  return result;
}

void print_table(const json& table, bool repaired) {
  const std::string name = fmt::format("{}.{}", table["schema"].get<std::string>(), table["table"].get<std::string>());
  if (table.contains("not_comparable")) {
    fmt::print("  {}: not compared: {}\n", name, table["not_comparable"].get<std::string>());
    return;
  }
  const auto missing = table["missing"].get<std::uint64_t>();
  const auto extra = table["extra"].get<std::uint64_t>();
  const auto different = table["different"].get<std::uint64_t>();
  if (missing + extra + different == 0) {
    fmt::print("  {}: equal, {} rows\n", name, table["rows_in_source"].get<std::uint64_t>());
    return;
  }
  fmt::print("  {}: {} rows missing, {} too many, {} different{}\n", name, missing, extra, different,
             repaired ? "; mended" : "");
  for (const json& key : table["sample_keys"]) fmt::print("    key {}\n", key.get<std::string>());
}

void print_report(const json& result) {
  for (const json& mirror : result["mirrors"]) {
    fmt::print("mirror \"{}\" at {}: {}\n", mirror["mirror"].get<std::string>(), mirror["position"].get<std::string>(),
               mirror["equal"].get<bool>() ? "equal" : "differs");
    for (const json& table : mirror["tables"]) print_table(table, mirror["repaired"].get<bool>());
    if (mirror["repaired_rows"].get<std::uint64_t>() > 0) {
      fmt::print("mended {} rows\n", mirror["repaired_rows"].get<std::uint64_t>());
    }
  }
}

bool settled(const json& result, bool repair) {
  if (result["equal"].get<bool>()) return true;
  if (!repair) return false;
  for (const json& mirror : result["mirrors"]) {
    for (const json& table : mirror["tables"]) {
      if (table.contains("not_comparable")) return false;
    }
  }
  return true;
}

}  // namespace

ExitCode verify_command(const config::Flags& flags, const std::string& mirror, bool repair, bool as_json) {
  const config::Config config = command_config(flags);
  json result;
  try {
    const json request{{"command", "verify"}, {"mirror", mirror}, {"repair", repair}};
    result = ask_agent(
        config.state_dir, request, [](const json&) {}, longest_silence);
  } catch (const NoAgent&) {
    try {
      result = verify_alone(config, mirror, repair);
    } catch (const ControlRefusal& refusal) {
      throw RequestRefused(refusal.what(), refusal.exit_code());
    }
  }
  if (as_json) {
    fmt::print("{}\n", result.dump());
  } else {
    print_report(result);
  }
  return settled(result, repair) ? ExitCode::done : ExitCode::differences;
}

}  // namespace pgmirror::agent
