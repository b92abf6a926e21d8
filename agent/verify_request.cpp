#include "agent/verify_request.hpp"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <nlohmann/json.hpp>

#include "agent/control_server.hpp"
#include "agent/exit_code.hpp"

namespace pgmirror::agent {

namespace {

using nlohmann::json;
using sinks::postgres::MirrorState;
using sinks::postgres::MirrorWorker;
using sinks::postgres::TableComparison;
using sinks::postgres::VerificationReport;

constexpr std::chrono::seconds between_progress{1};
/// A mirror that is not reached by then is an answer too.
constexpr std::chrono::seconds patience{20};
/// At its start an agent compares the whole store with what it had captured.
constexpr std::chrono::minutes capture_patience{5};
constexpr std::chrono::milliseconds between_looks{20};

json table_document(const TableComparison& table) {
  json document{{"schema", table.schema},
                {"table", table.name},
                {"rows_in_source", table.rows_in_source},
                {"rows_in_mirror", table.rows_in_mirror},
                {"missing", table.missing},
                {"extra", table.extra},
                {"different", table.different},
                {"sample_keys", table.sample_keys}};
  if (!table.not_comparable.empty()) document["not_comparable"] = table.not_comparable;
  return document;
}

json report_document(const std::string& mirror, const VerificationReport& report) {
  json document{{"mirror", mirror},
                {"position", change::to_string(report.position)},
                {"equal", report.equal()},
                {"repaired_rows", report.repaired_rows},
                {"repaired", report.repaired},
                {"tables", json::array()}};
  for (const TableComparison& table : report.tables) document["tables"].push_back(table_document(table));
  return document;
}

/// Nobody is there any more to hear what a later session finds, or mends.
[[noreturn]] void give_up(MirrorWorker& worker, const std::string& why) {
  worker.orders().forget_verification();
  const std::string& mirror = worker.mirror().name;
  throw ControlRefusal(fmt::format("mirror \"{}\": {}", mirror, why), static_cast<int>(ExitCode::temporary_failure));
}

VerificationReport verify(MirrorWorker& worker, bool repair, const std::function<void(const json&)>& progress,
                          const std::stop_token& stop) {
  const std::string& name = worker.mirror().name;
  const auto begun = std::chrono::steady_clock::now();
  for (;;) {
    std::future<VerificationReport> answer = worker.orders().verify(repair);
    while (answer.wait_for(between_progress) != std::future_status::ready) {
      if (stop.stop_requested()) give_up(worker, "the comparison was given up");
      const auto status = worker.status();
      const bool unreachable = status.state == MirrorState::waiting || status.state == MirrorState::failed;
      if (unreachable && std::chrono::steady_clock::now() - begun > patience) give_up(worker, status.reason);
      if (status.state == MirrorState::paused) give_up(worker, "it is paused; run \"pgmirror resume\" first");
      progress({{"mirror", name}, {"state", sinks::postgres::to_string(status.state)}});
    }
    try {
      return answer.get();
    } catch (const std::future_error&) {
      // The session ended on the way; the next one is asked again, as long as there is hope.
      if (stop.stop_requested() || std::chrono::steady_clock::now() - begun > patience) {
        give_up(worker, "the connection was lost during the comparison; run it again");
      }
    }
  }
}

/// A SQLite store is compared as it was captured: what the application committed before somebody asked must be in it.
void wait_for_capture(const MirrorAgent& agent, const std::function<void(const json&)>& progress,
                      const std::stop_token& stop) {
  const auto asked = std::chrono::steady_clock::now();
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  for (auto told = asked;;) {
    const auto captured = agent.captured_until();
    if (captured && *captured >= asked) return;
    if (const auto trouble = agent.source_trouble()) {
      throw ControlRefusal(*trouble, static_cast<int>(ExitCode::temporary_failure));
    }
    const auto now = std::chrono::steady_clock::now();
    if (stop.stop_requested() || now - asked > capture_patience) {
      throw ControlRefusal(
          "what the application has committed by now is not captured yet; see \"pgmirror status\" and the log",
          static_cast<int>(ExitCode::temporary_failure));
    }
    if (now - told >= between_progress) {
      told = now;
      progress({{"state", "capturing"}});
    }
    wake.wait_for(lock, stop, between_looks, [] { return false; });
  }
}

}  // namespace

json verify_mirrors(MirrorAgent& agent, const std::string& mirror, bool repair,
                    const std::function<void(const json&)>& progress, const std::stop_token& stop) {
  wait_for_capture(agent, progress, stop);
  json result{{"equal", true}, {"mirrors", json::array()}};
  for (const auto& worker : agent.workers()) {
    if (!mirror.empty() && worker->mirror().name != mirror) continue;
    const VerificationReport report = verify(*worker, repair, progress, stop);
    result["equal"] = result["equal"].get<bool>() && report.equal();
    result["mirrors"].push_back(report_document(worker->mirror().name, report));
  }
  if (result["mirrors"].empty()) {
    throw ControlRefusal(fmt::format("there is no mirror \"{}\"", mirror), static_cast<int>(ExitCode::usage));
  }
  return result;
}

}  // namespace pgmirror::agent
