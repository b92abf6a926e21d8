#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "config/config.hpp"

namespace pgmirror::tests {

/// Clients of a BusyDatabase, each on a connection and a thread of its own from construction to stop().
///
/// A server that is away is waited for; a transaction whose commit was lost with the connection may or may not have
/// happened. The functions may be called from any thread.
class BusyClients {
 public:
  BusyClients(config::ConnectionSettings database, unsigned clients, std::uint32_t seed);

  /// Waits until each client has ended its last transaction.
  void stop() { threads_.clear(); }

  /// Transactions and transfers that are known to be committed.
  std::int64_t transactions() const { return transactions_; }
  std::int64_t transfers() const { return transfers_; }
  /// What a server refused for a reason other than the kills: a client that met it has ended.
  std::vector<std::string> refusals() const;

 private:
  void work(const std::stop_token& stop, unsigned number, std::uint32_t seed);

  config::ConnectionSettings database_;
  std::atomic<std::int64_t> transactions_ = 0;
  std::atomic<std::int64_t> transfers_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> refusals_;
  std::vector<std::jthread> threads_;
};

}  // namespace pgmirror::tests
