#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "change/snapshot.hpp"
#include "change/transaction.hpp"

namespace pgmirror::capture {

/// Where changes come from: one kind of store, followed commit by commit.
///
/// run() belongs to one thread and blocks; open_snapshot() may be called from any thread while run() is going on. The
/// constructor of an implementation refuses, with the reason and the remedy, what it cannot follow exactly.
class Source : public change::SnapshotProvider {
 public:
  /// Which history the positions belong to.
  virtual change::SourceIdentity identity() const = 0;
  /// Where a queue that is new begins: run() tells the commits after it.
  virtual change::Position queue_start() { return open_snapshot()->position(); }
  /// Whatever was committed before this moment shows in each snapshot that is opened from now on. Grows while run() is
  /// going on; nothing before the store was looked at. Any thread.
  virtual std::optional<std::chrono::steady_clock::time_point> captured_until() const {
    return std::chrono::steady_clock::now();
  }
  /// What keeps run() from the source at the moment though it goes on trying: a sentence that names the source. Any
  /// thread.
  virtual std::optional<std::string> trouble() const { return std::nullopt; }
  /// Writes every commit after the last one that `writer` knows, in order and each once, until `stop`. Everything
  /// handed to `writer` is synced on return.
  virtual void run(change::TransactionWriter& writer, std::stop_token stop) = 0;
};

}  // namespace pgmirror::capture
