#pragma once

#include <cstdint>
#include <memory>

#include "queue/block.hpp"
#include "queue/block_walk.hpp"
#include "queue/record_reader.hpp"
#include "queue/relation_table.hpp"

namespace pgmirror::queue {

/// The records of one block after the other, with the relations that they refer to. Belongs to one thread. Throws what
/// BlockWalk and RecordReader throw.
class RecordStream {
 public:
  explicit RecordStream(std::shared_ptr<const SegmentCatalog> catalog, Reach reach = Reach::durable)
      : walk_(std::move(catalog), reach) {}

  BlockWalk& walk() { return walk_; }
  const BlockWalk& walk() const { return walk_; }

  /// Before the first block of a segment.
  void go_to(std::uint64_t segment);
  /// To the beginning of the block at `offset` of this segment, with all relations known that are defined before it.
  void load_through(std::uint64_t offset);
  /// To the beginning of the next block, of the next segment where this one ends; false at the readable end.
  bool load();

  /// Of the current block; meaningless where there is none.
  RecordReader& records() { return records_; }
  /// Null where there is none.
  const std::shared_ptr<Block>& block() const { return block_; }
  /// Where in its segment the block starts that was read last.
  std::uint64_t block_start() const { return block_start_; }

 private:
  bool load_in_segment();

  BlockWalk walk_;
  RelationTable relations_;
  RecordReader records_{relations_};
  std::shared_ptr<Block> block_;
  std::uint64_t block_start_ = 0;
};

}  // namespace pgmirror::queue
