#pragma once

#include <cstdint>
#include <filesystem>

#include "tests/support/sqlite_database.hpp"

namespace pgmirror::tests {

/// The store of the kill test and what its application does with it.
///
/// Each transaction moves money between two accounts, writes one number into a ledger without a key and counts one of
/// some counters up, so that every snapshot of a faithful mirror shows the same total, each number once, and counters
/// that only grow. Between them lie large transactions, deletes, schema changes and checkpoints. The state is all in
/// the file: an application that was killed goes on where its last commit was.
class BusyStore {
 public:
  static constexpr std::int64_t accounts = 40;
  static constexpr std::int64_t counters = 15;
  static constexpr std::int64_t total = accounts * 1000;
  static constexpr std::int64_t tables = 5;

  /// Makes the tables where they are missing.
  explicit BusyStore(const std::filesystem::path& file);
  /// One transaction and whatever is due with it, then a short rest.
  void work();

 private:
  void transfer();
  void rewrite_history();
  void widen_notes();

  SqliteDatabase database_;
  std::int64_t number_ = 0;  ///< of the last transfer
};

}  // namespace pgmirror::tests
