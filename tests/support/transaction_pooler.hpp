#pragma once

#include <memory>

#include "config/config.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/temporary_directory.hpp"

namespace pgmirror::tests {

/// PgBouncer in transaction mode in front of a server: each transaction may meet another session, which others have
/// used before and changed.
class TransactionPooler {
 public:
  /// Throws std::runtime_error with the remedy where pgbouncer is missing.
  explicit TransactionPooler(config::ConnectionSettings server, int sessions = 3);

  /// The same database, through the pooler.
  const config::ConnectionSettings& settings() const { return settings_; }

 private:
  config::ConnectionSettings settings_;
  TemporaryDirectory directory_;
  std::unique_ptr<ChildProcess> child_;
};

}  // namespace pgmirror::tests
