#include "capture/postgres/triggers/trigger_installation.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace pgmirror::capture::postgres::triggers {
namespace {

constexpr std::chrono::seconds longest_pause{60};
constexpr const char* not_owner = "42501";

}  // namespace

void TriggerInstallation::want(std::vector<WantedTriggers> missing) {
  missing_ = std::move(missing);
  std::erase_if(retries_, [this](const auto& retry) {
    return std::ranges::find(missing_, retry.first, &WantedTriggers::table) == missing_.end();
  });
}

void TriggerInstallation::attempt(libpq::Connection& connection) {
  std::vector<WantedTriggers> refused;
  for (WantedTriggers& triggers : missing_) {
    Retry& retry = retries_[triggers.table];
    if (Clock::now() < retry.next) {
      refused.push_back(std::move(triggers));
      continue;
    }
    try {
      install(connection, triggers);
      spdlog::info("[MirrorSource] Made triggers on {}", triggers.name);
    } catch (const libpq::DatabaseError& error) {
      if (error.connection_lost()) throw;
      spdlog::error("[MirrorSource] No triggers on {}, its changes are not followed: {}; {}", triggers.name,
                    error.what(),
                    error.sqlstate() == not_owner ? fmt::format("let its owner run \"{}\"", triggers.sql())
                                                  : std::string("trying again"));
      retry.next = Clock::now() + retry.pause;
      retry.pause = std::min(retry.pause * 2, longest_pause);
      refused.push_back(std::move(triggers));
    }
  }
  missing_ = std::move(refused);
}

bool TriggerInstallation::due() const {
  return std::ranges::any_of(missing_, [this](const WantedTriggers& triggers) {
    const auto retry = retries_.find(triggers.table);
    return retry == retries_.end() || Clock::now() >= retry->second.next;
  });
}

}  // namespace pgmirror::capture::postgres::triggers
