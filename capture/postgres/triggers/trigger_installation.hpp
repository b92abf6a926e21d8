#pragma once

#include <chrono>
#include <map>
#include <vector>

#include "capture/postgres/triggers/table_triggers.hpp"

namespace pgmirror::capture::postgres::triggers {

/// Makes triggers that are missing, again and again where the source does not let us. One thread.
class TriggerInstallation {
 public:
  /// What is missing now, in place of what was.
  void want(std::vector<WantedTriggers> missing);
  /// Tries those that are due. Refusals are logged with the remedy. Throws DatabaseError only when the connection is
  /// lost.
  void attempt(libpq::Connection& connection);
  bool due() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Retry {
    Clock::time_point next{};
    std::chrono::seconds pause{1};
  };
  std::vector<WantedTriggers> missing_;
  std::map<ObjectId, Retry> retries_;
};

}  // namespace pgmirror::capture::postgres::triggers
