#pragma once

#include <cstdint>
#include <utility>

#include "capture/sqlite/wal_batch.hpp"
#include "capture/sqlite/wal_file.hpp"

namespace pgmirror::capture::sqlite {

/// Cuts the committed frames of the WAL into batches of whole transactions.
class WalBatchReader {
 public:
  /// A transaction with more bytes than `largest_held` is described, not read.
  WalBatchReader(const WalFile& wal, std::size_t largest_held) : wal_(wal), largest_held_(largest_held) {}

  /// The next batch behind frame `consumed`; `state.last_frame` must be beyond it. The frames must be protected by
  /// WalLocks. Throws std::runtime_error when the last committed frame does not end a transaction.
  WalBatch read(const WalState& state, FrameNumber consumed);

  /// Committed frames without the salts of their generation: a crash of the application could take them back.
  std::uint64_t unsalted_frames() const { return unsalted_frames_; }

 private:
  using PageFrames = std::vector<std::pair<PageNumber, FrameNumber>>;
  static void close_transaction(WalBatch& batch, PageFrames& open, PageNumber page_count);
  void split(WalBatch& batch, std::uint64_t salts);
  WalBatch read_large(const WalState& state, FrameNumber consumed);

  const WalFile& wal_;
  std::size_t largest_held_;
  std::uint64_t unsalted_frames_ = 0;
};

}  // namespace pgmirror::capture::sqlite
