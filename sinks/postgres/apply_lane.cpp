#include "sinks/postgres/apply_lane.hpp"

#include <algorithm>
#include <iterator>

namespace pgmirror::sinks::postgres {
namespace {

/// The first version with plan_cache_mode.
constexpr int version_that_keeps_plans = 120000;

}  // namespace

ApplyLane::ApplyLane(libpq::Connection& connection, const Ownership& ownership, std::chrono::milliseconds longest_kept)
    : connection_(connection),
      ownership_(ownership),
      longest_kept_(longest_kept),
      keeps_(connection.server_version() >= version_that_keeps_plans && connection.has_own_session()) {
  pipeline_.emplace(connection);
}

std::vector<std::string> ApplyLane::begin(Planning planning) {
  std::vector<std::string> statements{"BEGIN"};
  if (!keeps_ || !settled_) {
    std::ranges::move(ownership_.settings(keeps_ ? SettingScope::session : SettingScope::transaction),
                      std::back_inserter(statements));
  }
  if (!keeps_) return statements;
  settled_ = true;
  if (planning_ != planning) {
    // Else a plan would be kept only where five that were made for their rows were no better.
    statements.emplace_back(planning == Planning::kept ? "SET SESSION plan_cache_mode = force_generic_plan"
                                                       : "RESET plan_cache_mode");
    planning_ = planning;
  }
  if (planning == Planning::kept && Clock::now() - planned_since_ > longest_kept_) {
    statements.emplace_back("DEALLOCATE ALL");
    pipeline_->forget_prepared();
    planned_since_ = Clock::now();
  }
  return statements;
}

void ApplyLane::send(const std::string& sql, const libpq::Parameters& parameters) {
  if (planning_ == Planning::kept) {
    pipeline_->send_repeated(sql, parameters);
  } else {
    pipeline_->send(sql, parameters);
  }
}

void ApplyLane::give_back() {
  pipeline_.reset();
  if (settled_) connection_.execute("RESET ALL; DEALLOCATE ALL");
  settled_ = false;
}

}  // namespace pgmirror::sinks::postgres
