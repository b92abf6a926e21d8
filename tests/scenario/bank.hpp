#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <thread>

#include "config/config.hpp"
#include "tests/support/sqlite_database.hpp"

namespace pgmirror::tests {

/// A bank in a SQLite file: accounts whose sum never changes, and a ledger without a key that grows by one row a
/// transfer.
///
/// In every snapshot of a faithful mirror the balances sum up to the total and the ledger holds each number from 1 to
/// its highest exactly once, which is also the number of transfers that the accounts have seen.
class Bank {
 public:
  static constexpr std::int64_t accounts = 50;
  static constexpr std::int64_t total = accounts * 1000;
  /// Makes the tables.
  explicit Bank(const std::filesystem::path& file);

  /// Moves money between two accounts, in one transaction.
  void transfer();
  std::int64_t transfers() const { return transfers_; }

 private:
  SqliteDatabase database_;
  std::atomic<std::int64_t> transfers_ = 0;
};

/// Makes transfers on a thread of its own until it is destroyed, with a pause between them; none: as fast as it can.
class BusyBank {
 public:
  explicit BusyBank(Bank& bank, std::chrono::milliseconds pause = std::chrono::milliseconds{1});

 private:
  std::jthread thread_;
};

/// What one snapshot of the mirror shows.
struct BankSnapshot {
  std::int64_t total = 0;
  std::int64_t transfers = 0;  ///< counted by the accounts
  std::int64_t ledger_rows = 0;
  std::int64_t ledger_distinct = 0;
  std::int64_t ledger_highest = 0;
  /// Empty when the snapshot is some state that the bank was in.
  std::string fault() const;
};
BankSnapshot read_bank(const config::ConnectionSettings& mirror);

}  // namespace pgmirror::tests
