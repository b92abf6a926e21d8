#include "agent/control_requests.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "agent/exit_code.hpp"
#include "agent/queue_tail.hpp"
#include "agent/status_document.hpp"
#include "agent/verify_request.hpp"
#include "config/nearest_name.hpp"

namespace pgmirror::agent {

using nlohmann::json;

namespace {

using sinks::postgres::MirrorWorker;

[[noreturn]] void refuse(const std::string& message) {
  throw ControlRefusal(message, static_cast<int>(ExitCode::usage));
}

std::vector<MirrorWorker*> chosen_workers(MirrorAgent& agent, const json& request) {
  const std::string wanted = request.value("mirror", "");
  std::vector<MirrorWorker*> chosen;
  std::vector<std::string> names;
  for (const auto& worker : agent.workers()) {
    names.push_back(worker->mirror().name);
    if (wanted.empty() || wanted == names.back()) chosen.push_back(worker.get());
  }
  if (chosen.empty()) {
    refuse(fmt::format("mirror \"{}\": is not configured{}", wanted, config::did_you_mean(wanted, names)));
  }
  return chosen;
}

json give_order(MirrorAgent& agent, const json& request,
                const std::function<void(sinks::postgres::WorkerOrders&)>& order) {
  json names = json::array();
  for (MirrorWorker* worker : chosen_workers(agent, request)) {
    order(worker->orders());
    names.push_back(worker->mirror().name);
    spdlog::info("[MirrorControl] {} of mirror \"{}\" was asked for", request["command"].get<std::string>(),
                 worker->mirror().name);
  }
  return {{"mirrors", std::move(names)}};
}

/// Tables as the source names them; the mirror's schema before the name is understood too.
std::set<std::string> chosen_tables(const MirrorAgent& agent, const json& request) {
  const std::vector<std::string> known = agent.tables();
  std::set<std::string> chosen;
  for (const json& table : request.value("tables", json::array())) {
    const std::string wanted = table.get<std::string>();
    auto found = std::ranges::find(known, wanted);
    for (const config::Mirror& mirror : agent.config().mirrors) {
      if (found == known.end() && wanted.starts_with(mirror.schema + ".")) {
        found = std::ranges::find(known, wanted.substr(mirror.schema.size() + 1));
      }
    }
    if (found == known.end()) {
      refuse(fmt::format("table \"{}\": the source has none of this name that is mirrored{}", wanted,
                         config::did_you_mean(wanted, known)));
    }
    chosen.insert(*found);
  }
  if (chosen.empty()) refuse("resync: names no table; name some, or use --all");
  return chosen;
}

json resync(MirrorAgent& agent, const json& request) {
  if (request.value("all", false)) {
    return give_order(agent, request, [](auto& orders) { orders.start_over(); });
  }
  const std::set<std::string> tables = chosen_tables(agent, request);
  return give_order(agent, request, [&](auto& orders) { orders.resync(tables); });
}

json with_agent(MirrorAgent& agent, const json& request, const ControlServer::Progress& progress,
                const std::stop_token& stop) {
  const std::string command = request["command"].get<std::string>();
  if (command == "pause") return give_order(agent, request, [](auto& orders) { orders.pause(); });
  if (command == "resume") return give_order(agent, request, [](auto& orders) { orders.resume(); });
  if (command == "resync") return resync(agent, request);
  if (command == "verify") {
    return verify_mirrors(agent, request.value("mirror", ""), request.value("repair", false), progress, stop);
  }
  if (command == "tail") return tail_queue(agent.queue(), request, progress, stop);
  refuse(
      fmt::format("command \"{}\": this agent (version {}) does not know it; run the same version of pgmirror as "
                  "the agent",
                  command, PGMIRROR_VERSION));
}

}  // namespace

ControlServer::Handler control_requests(RunningAgent& agent) {
  return [&agent](const json& request, const ControlServer::Progress& progress, const std::stop_token& stop) -> json {
    if (request["command"] == "status") return status_document(agent.status(), std::chrono::system_clock::now());
    json result;
    try {
      agent.use([&](MirrorAgent& running, const std::stop_token& leaving) {
        std::stop_source either;
        const std::stop_callback end(stop, [&] { either.request_stop(); });
        const std::stop_callback leave(leaving, [&] { either.request_stop(); });
        result = with_agent(running, request, progress, either.get_token());
      });
    } catch (const AgentAbsent& absent) {
      throw ControlRefusal(absent.what(), static_cast<int>(ExitCode::temporary_failure));
    } catch (const json::exception&) {
      refuse("request: a field has another type than it should");
    }
    return result;
  };
}

}  // namespace pgmirror::agent
