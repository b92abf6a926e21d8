#include "queue/block_walk.hpp"

#include "queue/damage.hpp"
#include "queue/position_unavailable.hpp"
#include "queue/wire.hpp"

namespace pgmirror::queue {

BlockWalk::BlockWalk(std::shared_ptr<const SegmentCatalog> catalog, Reach reach)
    : catalog_(std::move(catalog)), reach_(reach) {}

std::unique_ptr<SegmentReader> BlockWalk::open(std::uint64_t segment) const {
  try {
    return std::make_unique<SegmentReader>(catalog_->files(), catalog_->path(segment));
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::no_such_file_or_directory) throw;
    throw PositionUnavailable("queue segment " + std::to_string(segment) +
                              " was deleted while a reader still needed it; run \"pgmirror resync\"");
  }
}

void BlockWalk::go_to(std::uint64_t segment) {
  segment_ = open(segment);
  place_ = segment_->start();
  at_seal_ = false;
}

bool BlockWalk::within(const BlockPlace& limit, const SegmentReader& segment, const SegmentReader::Place& place) {
  return BlockPlace{segment.header().sequence, place.offset} < limit;
}

bool BlockWalk::readable() {
  if (within(limit_, *segment_, place_)) return true;
  limit_ = catalog_->limit(reach_);
  return within(limit_, *segment_, place_);
}

std::optional<BlockHeader> BlockWalk::peek() {
  if (!readable()) return std::nullopt;
  const auto header = segment_->header_at(place_);
  if (header.kind == BlockKind::seal) return std::nullopt;
  return header;
}

std::shared_ptr<Block> BlockWalk::read() {
  at_seal_ = false;
  if (!readable()) return nullptr;
  auto block = pool_->take();
  segment_->read(place_, *block);
  at_seal_ = block->header.kind == BlockKind::seal;
  if (at_seal_) return nullptr;
  try {
    decompressor_.decompress(*block);
  } catch (const wire::Malformed& malformed) {
    throw Damage(path(), place_.offset, malformed.what());
  }
  place_ = SegmentReader::after(place_, block->header);
  return block;
}

bool BlockWalk::next_segment() {
  // Not asking again what is readable: since read() looked, there may be blocks to read before the seal.
  if (!at_seal_ || header().sequence >= catalog_->limit(reach_).segment) return false;
  const auto seal = segment_->header_at(place_);
  auto next = open(header().sequence + 1);
  if (next->header().previous_seal != seal.checksum) {
    throw Damage(next->path(), 48, "the segment does not continue the one before it");
  }
  segment_ = std::move(next);
  place_ = segment_->start();
  at_seal_ = false;
  return true;
}

Outcome BlockWalk::outcome_ahead() const {
  const auto limit = catalog_->limit(reach_);
  std::unique_ptr<SegmentReader> further;
  const SegmentReader* segment = segment_.get();
  auto place = place_;
  while (within(limit, *segment, place)) {
    const auto header = segment->header_at(place);
    if (header.kind == BlockKind::seal) {
      further = open(segment->header().sequence + 1);
      segment = further.get();
      place = segment->start();
      continue;
    }
    if (!header.open_at_start()) return Outcome::abandoned;
    if (header.outcome != Outcome::none) return header.outcome;
    place = SegmentReader::after(place, header);
  }
  return Outcome::none;
}

}  // namespace pgmirror::queue
