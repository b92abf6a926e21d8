#include "queue/queue_writer.hpp"

#include <cerrno>
#include <random>

#include "queue/disk_full.hpp"

namespace pgmirror::queue {

QueueWriter::QueueWriter(const Options& options, std::uint64_t segment_bytes, FileSystem& files,
                         SegmentCatalog& catalog, RecoveredQueue& recovered)
    : options_(options),
      segment_bytes_(segment_bytes),
      files_(files),
      catalog_(catalog),
      segment_(std::move(recovered.writer)),
      newest_(recovered.newest),
      seal_(recovered.seal),
      block_(options.compression_level),
      began_(recovered.tail.open),
      last_(recovered.tail.last),
      written_(recovered.tail.last),
      written_time_(recovered.tail.last_time),
      readable_{recovered.newest.sequence, recovered.tail.end.offset} {}

template <typename Work>
void QueueWriter::on_disk(Work work) {
  try {
    work();
  } catch (const FsyncError&) {
    unusable_ = true;
    throw;
  } catch (const Interrupted&) {
    throw;
  } catch (const std::system_error& error) {
    unusable_ = true;
    const auto code = error.code();
    if (code != std::errc::no_space_on_device && code.value() != EDQUOT) throw;
    forget_open();
    unusable_ = false;
    throw DiskFull(std::string("queue: no space left on its disk: ") + error.what() + "; free some or enlarge it");
  } catch (...) {
    unusable_ = true;
    throw;
  }
}

void QueueWriter::check_usable() const {
  if (unusable_) throw std::logic_error("queue: takes nothing more after a failed disk operation; end the process");
}

void QueueWriter::check_open() const {
  check_usable();
  if (!transaction_open_) throw std::logic_error("queue: a change came outside of a transaction");
}

void QueueWriter::begin() {
  check_usable();
  if (transaction_open_) throw std::logic_error("queue: a transaction began inside another");
  on_disk([this] {
    wait_for_budget();
    make_room();
  });
  block_.begin(began_.segment != 0 && block_.outcome() == Outcome::none, relations_);
  transaction_open_ = true;
}

void QueueWriter::row(const change::RowChange& change) {
  check_open();
  on_disk([this, &change] {
    make_room();
    block_.row(change, relations_);
  });
}

void QueueWriter::schema(const change::SchemaChange& change) {
  check_open();
  on_disk([this] { make_room(); });
  block_.schema(change, relations_);
}

void QueueWriter::truncate(const change::Truncation& change) {
  check_open();
  on_disk([this] { make_room(); });
  block_.truncate(change, relations_);
}

void QueueWriter::gap(const change::ContentGap& gap) {
  check_open();
  on_disk([this] { make_room(); });
  block_.gap(gap, relations_);
}

void QueueWriter::statement(const change::SchemaStatement& statement) {
  check_open();
  on_disk([this] { make_room(); });
  block_.statement(statement);
}

void QueueWriter::sequence(const change::SequenceValue& value) {
  check_open();
  on_disk([this] { make_room(); });
  block_.sequence(value);
}

void QueueWriter::commit(const change::Commit& commit) {
  check_open();
  if (commit.position <= last_) {
    throw std::logic_error("queue: commit " + to_string(commit.position) + " came after " + to_string(last_));
  }
  block_.commit(commit, !block_.begun_here());
  transaction_open_ = false;
  last_ = commit.position;
}

void QueueWriter::rollback() {
  if (!transaction_open_) return;
  check_usable();
  unusable_ = true;
  forget_open();
  unusable_ = false;
}

void QueueWriter::sync() {
  check_usable();
  on_disk([this] { flush_and_sync(); });
}

// Only here may a segment end: the block in memory is empty then, and a block's records need the relation numbers of
// the segment it goes to.
void QueueWriter::make_room() {
  if (block_.bytes() >= options_.block_bytes) flush();
  if (!block_.empty()) return;
  if (segment_ && segment_->end() >= segment_bytes_) roll();
  if (!segment_) create_segment();
}

void QueueWriter::flush() {
  if (block_.empty()) return;
  BlockHeader header;
  header.last = written_;
  header.last_time = written_time_;
  header.open = began_;
  const bool begun_here = transaction_open_ && block_.begun_here();
  auto& bytes = block_.finish(header);
  const bool still_open = began_.segment != 0 && header.outcome == Outcome::none;
  header.open_at_end = begun_here || still_open;

  // A block that is written may survive a crash though nobody synced it.
  if (header.commits > 0 && prepare_) prepare_();
  const BlockPlace place{segment_->sequence(), segment_->end()};
  segment_->append(header, bytes);
  block_.clear();
  if (begun_here) began_ = place;
  if (!header.open_at_end) began_ = {};
  written_ = header.last;
  written_time_ = header.last_time;
  unannounced_.push_back({header, segment_->end()});
  const BlockPlace end{segment_->sequence(), segment_->end()};
  if (header.commits > 0 || !header.open_at_end) readable_ = end;
  grow(header, begun_here);
  catalog_.wrote(segment_->file_bytes(), end, transaction_open_ ? std::optional(growing_) : std::nullopt);
}

/// Who reads a transaction while it is written needs all commits before it.
void QueueWriter::grow(const BlockHeader& block, bool begun_here) {
  if (!transaction_open_) return;
  if (begun_here) {
    growing_ = {.began = began_, .after = written_};
    return;
  }
  growing_.bytes += block.raw_bytes;
  if (catalog_.end() == growing_.after) return;
  segment_->sync();
  announce();
}

void QueueWriter::roll() {
  BlockHeader like;
  like.last = written_;
  like.last_time = written_time_;
  like.open = began_;
  seal_ = segment_->seal(like);
  catalog_.seal_newest(segment_->file_bytes(), transaction_open_ && began_.segment != 0);
  announce();
  segment_.reset();
}

void QueueWriter::create_segment() {
  std::random_device random;
  auto header = newest_;
  ++header.sequence;
  header.previous_seal = seal_;
  header.salt = std::uint64_t{random()} << 32U | random();
  header.after = written_;
  header.after_time = written_time_;
  segment_ = SegmentWriter::create(files_, options_.directory, header, segment_bytes_);
  newest_ = segment_->header();
  relations_ = {};
  SegmentInfo info;
  info.sequence = header.sequence;
  info.after = info.last = written_;
  info.after_time = info.last_time = written_time_;
  info.end = info.file_bytes = segment_->end();
  catalog_.add(info);
}

void QueueWriter::flush_and_sync() {
  flush();
  if (!segment_) return;
  segment_->sync();
  announce();
}

void QueueWriter::announce() {
  if (unannounced_.empty()) return;
  catalog_.announce(unannounced_, readable_);
  unannounced_.clear();
}

void QueueWriter::wait_for_budget() {
  while (catalog_.over_budget()) {
    // What waits here in memory would never be applied, so nothing would ever be released.
    flush_and_sync();
    catalog_.release(change::Position{});
    if (!catalog_.over_budget()) return;
    if (catalog_.all_released()) {
      leave_newest();
      return;
    }
    if (!catalog_.wait_for_budget()) throw Interrupted("queue: stopped while waiting for its disk budget");
  }
}

// Nobody needs the newest segment any more, but only a segment with a successor can go. When that frees too little, the
// budget is smaller than what one transaction needs: it is overshot, since waiting would not end.
void QueueWriter::leave_newest() {
  if (segment_ && segment_->end() > newest_.bytes) roll();
  if (!segment_) create_segment();
  readable_ = {newest_.sequence, segment_->end()};
  catalog_.announce({}, readable_);
  catalog_.release(change::Position{});
}

void QueueWriter::forget_open() {
  if (!transaction_open_) return;
  transaction_open_ = false;
  if (block_.begun_here()) {
    block_.rollback(relations_);
    return;
  }
  // The block in memory holds nothing else: a transaction that began in an earlier block is still open.
  block_.clear();
  catalog_.abandon();
  const bool was_sealed = !segment_ || segment_->sequence() != began_.segment;
  const auto newest = newest_.sequence;
  segment_.reset();
  auto reopened = cut_back(files_, options_.directory, began_, newest, segment_bytes_);
  for (auto sequence = newest; sequence > began_.segment; --sequence) catalog_.drop_newest();
  segment_ = std::move(reopened.writer);
  newest_ = reopened.header;
  relations_ = {};
  if (was_sealed) {
    unannounced_.clear();
    catalog_.unseal_newest(segment_->file_bytes());
  } else {
    std::erase_if(unannounced_, [this](const BlockSummary& block) { return block.end > segment_->end(); });
    catalog_.newest_has(segment_->file_bytes());
  }
  // Where its beginning shares a block with commits, it stays; the next begin abandons it.
  began_ = reopened.tail.open;
}

}  // namespace pgmirror::queue
