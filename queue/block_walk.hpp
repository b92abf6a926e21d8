#pragma once

#include <memory>

#include "queue/block_decompressor.hpp"
#include "queue/segment_catalog.hpp"
#include "queue/segment_reader.hpp"

namespace pgmirror::queue {

/// Goes from block to block and from segment to segment, never beyond what the catalog says is readable.
class BlockWalk {
 public:
  explicit BlockWalk(std::shared_ptr<const SegmentCatalog> catalog, Reach reach = Reach::durable);

  const SegmentCatalog& catalog() const { return *catalog_; }
  const SegmentHeader& header() const { return segment_->header(); }
  const std::filesystem::path& path() const { return segment_->path(); }
  const SegmentReader::Place& place() const { return place_; }

  /// To the first block of a segment. Throws PositionUnavailable if it was deleted.
  void go_to(std::uint64_t segment);
  /// To a place in this segment where place() was before.
  void go_back(const SegmentReader::Place& place) { place_ = place; }

  /// The header of the next block of this segment; nothing at its seal, or at the readable end.
  std::optional<BlockHeader> peek();
  void skip(const BlockHeader& block) { place_ = SegmentReader::after(place_, block); }

  /// The next block of this segment, records decompressed; null at its seal, or at the readable end.
  std::shared_ptr<Block> read();
  /// To the next segment, if read() came to the seal of this one; false at the readable end.
  bool next_segment();

  /// What became of the transaction that is open before the next block; none if that is not readable yet.
  Outcome outcome_ahead() const;

 private:
  bool readable();
  static bool within(const BlockPlace& limit, const SegmentReader& segment, const SegmentReader::Place& place);
  std::unique_ptr<SegmentReader> open(std::uint64_t segment) const;

  std::shared_ptr<const SegmentCatalog> catalog_;
  Reach reach_;
  std::shared_ptr<BlockPool> pool_ = std::make_shared<BlockPool>();
  BlockDecompressor decompressor_;
  BlockPlace limit_;
  std::unique_ptr<SegmentReader> segment_;
  SegmentReader::Place place_;
  bool at_seal_ = false;
};

}  // namespace pgmirror::queue
