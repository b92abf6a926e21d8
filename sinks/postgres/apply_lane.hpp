#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "libpq/connection.hpp"
#include "libpq/parameters.hpp"
#include "libpq/pipeline.hpp"
#include "sinks/postgres/ownership.hpp"

namespace pgmirror::sinks::postgres {

/// A connection on which batches go, and what its session keeps from one batch to the next.
///
/// A session that is ours alone keeps the settings, and the statements of brief batches prepared: without that, parsing
/// and planning are more than half of the server's work for a batch of a few rows. Behind a pooler every batch brings
/// its settings and nothing is kept.
///
/// One thread; the connection is in use while this object exists.
class ApplyLane {
 public:
  /// How a batch is planned: a brief one by plans that know nothing of its rows.
  enum class Planning { of_each, kept };

  /// A plan that was made while a table was small reads all of it, and nothing tells the server to make another one
  /// before the table is analyzed.
  static constexpr std::chrono::seconds default_longest_kept{10};

  /// Asks the server once for each connection. Throws DatabaseError.
  ApplyLane(libpq::Connection& connection, const Ownership& ownership,
            std::chrono::milliseconds longest_kept = default_longest_kept);

  /// What a batch has to begin with, to be sent before anything else of it.
  std::vector<std::string> begin(Planning planning);
  void send(const std::string& sql, const libpq::Parameters& parameters);

  libpq::Pipeline& pipeline() { return *pipeline_; }
  const libpq::Pipeline& pipeline() const { return *pipeline_; }
  libpq::Connection& connection() { return connection_; }

  /// Leaves the session as it was found; only while nothing is outstanding, and the end of this object's use. A round
  /// trip at most. Throws DatabaseError.
  void give_back();

 private:
  using Clock = std::chrono::steady_clock;

  libpq::Connection& connection_;
  const Ownership& ownership_;
  const std::chrono::milliseconds longest_kept_;
  const bool keeps_;
  std::optional<libpq::Pipeline> pipeline_;
  bool settled_ = false;  ///< the session has our settings
  Planning planning_ = Planning::of_each;
  Clock::time_point planned_since_ = Clock::now();
};

}  // namespace pgmirror::sinks::postgres
