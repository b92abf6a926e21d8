#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "capture/sqlite/wal_index.hpp"

namespace pgmirror::capture::sqlite {

/// Whole transactions that follow each other in the WAL, read together.
struct WalBatch {
  struct Transaction {
    std::size_t begin = 0;  ///< range in `pages` and `frames`
    std::size_t end = 0;
    PageNumber page_count = 0;
  };

  FrameNumber first_frame = 0;
  FrameNumber last_frame = 0;
  /// The frames from first_frame on, headers included. Empty when the only transaction is too large to be held: then
  /// its pages must be read from the WAL, which stays as it is until the batch is finished.
  std::vector<std::byte> content{};
  std::vector<Transaction> transactions{};
  /// For each transaction its pages, ascending and each once, with the frame that holds the last version.
  std::vector<PageNumber> pages{};
  std::vector<FrameNumber> frames{};

  std::span<const PageNumber> pages_of(const Transaction& transaction) const {
    return std::span(pages).subspan(transaction.begin, transaction.end - transaction.begin);
  }
};

}  // namespace pgmirror::capture::sqlite
