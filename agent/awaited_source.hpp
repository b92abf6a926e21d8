#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "capture/source.hpp"

namespace pgmirror::agent {

/// A PostgreSQL source that a queue was filled from, and that may be away now: what is in the queue goes to the mirrors
/// all the same.
class AwaitedSource : public capture::Source {
 public:
  using Opening = std::function<std::unique_ptr<capture::Source>()>;

  /// `url` is for the log. `open` is called by run() until it gives a source that continues `identity`; DatabaseError
  /// says that the server is away.
  AwaitedSource(std::string url, change::SourceIdentity identity, Opening open);

  change::SourceIdentity identity() const override { return identity_; }
  std::optional<std::chrono::steady_clock::time_point> captured_until() const override;
  std::optional<std::string> trouble() const override;
  /// Also throws what `open` throws, but for DatabaseError.
  void run(change::TransactionWriter& writer, std::stop_token stop) override;

  /// Blocks until it is known whether the server is there. Throws DatabaseError where it is not.
  std::unique_ptr<change::Snapshot> open_snapshot() override { return opened().open_snapshot(); }
  /// As open_snapshot().
  std::vector<change::SchemaStatement> type_additions() override { return opened().type_additions(); }
  bool tells_gaps() const override { return true; }

 private:
  capture::Source& opened();

  const std::string url_;
  const change::SourceIdentity identity_;
  const Opening open_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::unique_ptr<capture::Source> source_;  ///< stays once it is there
  std::string absence_;                      ///< why it is not, as of the last try
};

}  // namespace pgmirror::agent
