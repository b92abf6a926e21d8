#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "queue/block_builder.hpp"
#include "queue/recovered_queue.hpp"
#include "queue/segment_catalog.hpp"

namespace pgmirror::queue {

/// The appending side of the queue: fills blocks, rolls segments, and announces to the catalog what is durable.
///
/// One thread. What the functions promise stands with ChangeQueue.
class QueueWriter {
 public:
  QueueWriter(const Options& options, std::uint64_t segment_bytes, FileSystem& files, SegmentCatalog& catalog,
              RecoveredQueue& recovered);

  void begin();
  void row(const change::RowChange& change);
  void schema(const change::SchemaChange& change);
  void truncate(const change::Truncation& change);
  void gap(const change::ContentGap& gap);
  void statement(const change::SchemaStatement& statement);
  void sequence(const change::SequenceValue& value);
  void commit(const change::Commit& commit);
  void rollback();
  void sync();
  void before_commits_are_written(const std::function<void()>& prepare) { prepare_ = prepare; }

 private:
  /// Runs a piece of work that touches the disk; turns its failures into DiskFull or the end of this writer.
  template <typename Work>
  void on_disk(Work work);
  void check_usable() const;
  void check_open() const;

  void make_room();
  void flush();
  void grow(const BlockHeader& block, bool begun_here);
  void roll();
  void create_segment();
  void flush_and_sync();
  void announce();
  void wait_for_budget();
  void leave_newest();
  void forget_open();

  const Options& options_;
  const std::uint64_t segment_bytes_;
  std::function<void()> prepare_;
  FileSystem& files_;
  SegmentCatalog& catalog_;

  std::unique_ptr<SegmentWriter> segment_;  ///< null when the newest is sealed and its successor could not be made yet
  SegmentHeader newest_;                    ///< header of the newest segment
  std::uint64_t seal_ = 0;                  ///< of the newest segment, when sealed
  RelationIds relations_;                   ///< of the newest segment
  BlockBuilder block_;
  std::vector<BlockSummary> unannounced_;  ///< blocks in the newest segment that may not be durable yet

  bool transaction_open_ = false;
  BlockPlace began_;            ///< of the transaction open at the end of the written blocks; segment 0: none
  GrowingTransaction growing_;  ///< the open transaction, where it began in a written block
  change::Position last_;       ///< the last commit taken
  change::Position written_;    ///< the last commit in a written block
  change::CommitTime written_time_{};
  BlockPlace readable_;  ///< behind the last written block that leaves nothing open, or holds a commit
  bool unusable_ = false;
};

}  // namespace pgmirror::queue
