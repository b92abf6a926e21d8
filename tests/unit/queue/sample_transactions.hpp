#pragma once

#include <string>
#include <vector>

#include "change/transaction.hpp"
#include "queue/cursor.hpp"

namespace pgmirror::queue::testing {

/// The transaction that every test writes for a position: made from the position alone, so that what comes back can be
/// checked without remembering anything. Most are small, each 13th has hundreds of changes; all kinds of changes occur.
void write_sample(change::TransactionWriter& writer, change::Position position);
/// The same, but not committed.
void write_sample_changes(change::TransactionWriter& writer, change::Position position);

/// When the sample of a position was committed.
change::CommitTime sample_time(change::Position position);

/// A transaction in words, cells and definitions included.
struct Transaction {
  change::Position position;
  std::string text;
  bool operator==(const Transaction&) const = default;
};

Transaction sample(change::Position position);
/// What one change adds to it.
std::string text_of(const Item& item);
std::vector<Transaction> samples(std::uint64_t first, std::uint64_t last);

/// Reads to the durable end. Throws std::logic_error when items come in an order that no reader may see.
std::vector<Transaction> read_all(Cursor& cursor);

void PrintTo(const Transaction& transaction, std::ostream* out);

}  // namespace pgmirror::queue::testing
