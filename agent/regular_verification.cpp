#include "agent/regular_verification.hpp"

#include <spdlog/spdlog.h>

namespace pgmirror::agent {

using sinks::postgres::MirrorState;
using sinks::postgres::TableComparison;
using std::chrono::steady_clock;

RegularVerification::RegularVerification(sinks::postgres::MirrorWorker& worker, std::chrono::seconds every)
    : worker_(worker), every_(every), due_(steady_clock::now() + every) {}

void RegularVerification::tick(std::optional<steady_clock::time_point> captured_until) {
  if (answer_) {
    if (answer_->wait_for(std::chrono::seconds{0}) == std::future_status::ready) take_answer();
    return;
  }
  // A mirror that is away or paused is compared when it is back.
  if (!captured_until || *captured_until < due_ || worker_.status().state != MirrorState::streaming) return;
  answer_ = worker_.orders().verify(false);
}

void RegularVerification::take_answer() {
  const std::string& name = worker_.mirror().name;
  try {
    const sinks::postgres::VerificationReport report = answer_->get();
    due_ = steady_clock::now() + every_;
    if (report.equal()) {
      spdlog::info("[MirrorVerify] Mirror \"{}\" is equal to the source at {}: {} tables", name,
                   to_string(report.position), report.tables.size());
    }
    for (const TableComparison& table : report.tables) {
      if (table.equal()) continue;
      if (!table.not_comparable.empty()) {
        spdlog::error("[MirrorVerify] Mirror \"{}\": table {}.{} cannot be compared: {}", name, table.schema,
                      table.name, table.not_comparable);
        continue;
      }
      spdlog::error(
          "[MirrorVerify] Mirror \"{}\": table {}.{} differs: {} rows missing, {} too many, {} different; run "
          "\"pgmirror verify --repair\"",
          name, table.schema, table.name, table.missing, table.extra, table.different);
    }
  } catch (const std::future_error&) {
    // The session ended on the way, or somebody asked for a comparison of their own: the next tick asks again.
  }
  answer_.reset();
}

}  // namespace pgmirror::agent
