#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>

namespace pgmirror::sinks::postgres {

/// What was ordered of one mirror and is not carried out yet.
struct StandingOrders {
  bool start_over = false;
  /// Tables (Relation::qualified_name) to be copied again; all of them where the set is empty.
  std::optional<std::set<std::string>> resync{};

  bool operator==(const StandingOrders&) const = default;
};

/// A file that remembers them, so that an order outlives the agent that accepted it. One thread at a time.
class OrderNote {
 public:
  /// An empty path remembers nothing.
  explicit OrderNote(std::filesystem::path file) : file_(std::move(file)) {}

  /// Throws std::runtime_error for a file that cannot be read, or that is none of ours.
  StandingOrders read() const;
  /// Durable on return; no orders remove the file. Throws std::runtime_error.
  void write(const StandingOrders& orders) const;

 private:
  std::filesystem::path file_;
};

}  // namespace pgmirror::sinks::postgres
