#pragma once

#include <chrono>
#include <future>
#include <optional>

#include "sinks/postgres/mirror_worker.hpp"

namespace pgmirror::agent {

/// Has one mirror compared with the source again and again (`verify.every`) and says in the log what was found; status
/// shows when the mirror was last proven equal, and differences turn health red.
///
/// One thread calls tick(); comparing happens in the worker.
class RegularVerification {
 public:
  /// `worker` outlives this.
  RegularVerification(sinks::postgres::MirrorWorker& worker, std::chrono::seconds every);

  /// Asks for a comparison where one is due, and takes the answer of the last. Does not block. `captured_until`: of the
  /// source; before what was committed until now is captured, a comparison would prove little.
  void tick(std::optional<std::chrono::steady_clock::time_point> captured_until);

 private:
  void take_answer();

  sinks::postgres::MirrorWorker& worker_;
  std::chrono::seconds every_;
  std::chrono::steady_clock::time_point due_;
  std::optional<std::future<sinks::postgres::VerificationReport>> answer_;
};

}  // namespace pgmirror::agent
