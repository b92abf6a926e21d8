#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

#include "config/config.hpp"

namespace pgmirror::tests {

/// The bank of tests/scenario/bank.hpp in a PostgreSQL database, with as many clients as asked for.
///
/// The ledger has no key (identified by its whole rows), so that a number which arrives twice is seen. A transfer whose
/// commit was lost with the connection may or may not have happened: only the database knows.
class DatabaseBank {
 public:
  /// Makes the tables.
  explicit DatabaseBank(config::ConnectionSettings database);

  /// Moves money from a thread of its own until it is destroyed; a server that is away is waited for.
  class Client {
   public:
    Client(const DatabaseBank& bank, unsigned number);

   private:
    std::jthread thread_;
  };

  /// Transfers that are known to be committed.
  std::int64_t transfers() const { return transfers_; }

 private:
  void work(std::stop_token stop, unsigned client) const;

  config::ConnectionSettings database_;
  mutable std::atomic<std::int64_t> transfers_ = 0;
};

}  // namespace pgmirror::tests
