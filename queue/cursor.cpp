#include "queue/cursor.hpp"

#include "queue/block_walk.hpp"
#include "queue/damage.hpp"
#include "queue/record_reader.hpp"

namespace pgmirror::queue {

class Cursor::Reading {
 public:
  Reading(std::shared_ptr<const SegmentCatalog> catalog, change::Position after) : walk_(std::move(catalog)) {
    seek(after);
  }

  void seek(change::Position after) {
    block_.reset();
    in_transaction_ = false;
    relations_.forget_numbers();
    walk_.go_to(walk_.catalog().segment_for(after));
    start_time_.reset();
    if (walk_.header().after == after) note_time(walk_.header().after_time);
    naming_damage([this, after] {
      if (const auto start = last_block_before(after)) load_through(*start);
      pass(after);
    });
    position_ = after;
  }

  const Item* next() {
    const Item* item = nullptr;
    naming_damage([this, &item] { item = next_in_stream(); });
    return item;
  }

  bool wait(std::stop_token stop, std::chrono::milliseconds timeout) {
    if (in_transaction_) return true;
    return walk_.catalog().wait_for_end({position_.value + 1}, std::move(stop), timeout);
  }

  std::shared_ptr<const void> block() const { return block_; }
  change::Position position() const { return position_; }
  std::optional<change::CommitTime> start_time() const { return start_time_; }

 private:
  template <typename Work>
  void naming_damage(Work work) {
    try {
      work();
    } catch (const wire::Malformed& malformed) {
      throw Damage(walk_.path(), block_start_, malformed.what());
    }
  }

  // The last block of this segment whose first commit is not after `after`: behind its last such commit the cursor
  // starts.
  std::optional<std::uint64_t> last_block_before(change::Position after) {
    const auto start = walk_.place();
    std::optional<std::uint64_t> found;
    while (const auto header = walk_.peek()) {
      if (header->commits > 0 && header->first > after) break;
      if (header->commits > 0) found = walk_.place().offset;
      walk_.skip(*header);
    }
    walk_.go_back(start);
    return found;
  }

  // Makes the block at `offset` the current one, with all relations defined before it.
  void load_through(std::uint64_t offset) {
    for (;;) {
      const bool wanted = walk_.place().offset == offset;
      const auto header = walk_.peek();
      if (!wanted && !header->defines_relations) {
        walk_.skip(*header);
        continue;
      }
      load();
      if (wanted) return;
      while (!records_.at_end()) records_.skip();
    }
  }

  // Moves behind the last commit in the current block that is not after `after`.
  void pass(change::Position after) {
    if (!block_) return;
    std::uint32_t passed = 0;
    while (!records_.at_end()) {
      const Item* item = records_.skip();
      const auto* commit = item == nullptr ? nullptr : std::get_if<change::Commit>(item);
      if (commit == nullptr) continue;
      if (commit->position > after) break;
      if (commit->position == after) note_time(commit->time);
      passed = records_.offset();
    }
    records_.go_to(passed);
  }

  /// Zero stands for a time that nobody knew.
  void note_time(change::CommitTime time) {
    if (time != change::CommitTime{}) start_time_ = time;
  }

  bool load() {
    block_start_ = walk_.place().offset;
    auto block = walk_.read();
    if (!block) return false;
    block_ = std::move(block);
    records_.start(*block_);
    return true;
  }

  bool load_next() {
    while (!load()) {
      if (!walk_.next_segment()) return false;
      relations_.forget_numbers();
    }
    return true;
  }

  const Item* next_in_stream() {
    for (;;) {
      if (!block_ || records_.at_end()) {
        if (!load_next()) return nullptr;
        continue;
      }
      if (!in_transaction_) {
        if (const Item* begin = next_begin()) return begin;
        if (waiting_) return nullptr;
        continue;
      }
      const Item* item = records_.next();
      if (item == nullptr) continue;
      if (const auto* commit = std::get_if<change::Commit>(item)) {
        position_ = commit->position;
        in_transaction_ = false;
      }
      return item;
    }
  }

  // Passes over what is left of an abandoned transaction. Null: nothing begins in the rest of this block, or what
  // begins has no known outcome yet (waiting_).
  const Item* next_begin() {
    waiting_ = false;
    while (!records_.at_end()) {
      const auto before = records_.offset();
      const Item* item = records_.skip();
      if (item == nullptr || !std::holds_alternative<Begin>(*item)) continue;
      const bool leaves_block = block_->header.open_at_end && block_->header.last_begin == before;
      const auto outcome = leaves_block ? walk_.outcome_ahead() : Outcome::committed;
      if (outcome == Outcome::abandoned) continue;
      if (outcome == Outcome::none) {
        records_.go_to(before);
        waiting_ = true;
        return nullptr;
      }
      in_transaction_ = true;
      return item;
    }
    return nullptr;
  }

  BlockWalk walk_;
  RelationTable relations_;
  RecordReader records_{relations_};
  std::shared_ptr<Block> block_;
  std::uint64_t block_start_ = 0;
  bool in_transaction_ = false;
  bool waiting_ = false;
  change::Position position_;
  std::optional<change::CommitTime> start_time_;
};

Cursor::Cursor(std::shared_ptr<const SegmentCatalog> catalog, change::Position after)
    : reading_(std::make_unique<Reading>(std::move(catalog), after)) {}

Cursor::~Cursor() = default;
Cursor::Cursor(Cursor&&) noexcept = default;
Cursor& Cursor::operator=(Cursor&&) noexcept = default;

const Item* Cursor::next() { return reading_->next(); }
bool Cursor::wait(std::stop_token stop, std::chrono::milliseconds timeout) {
  return reading_->wait(std::move(stop), timeout);
}
std::shared_ptr<const void> Cursor::current_block() const { return reading_->block(); }
change::Position Cursor::position() const { return reading_->position(); }
std::optional<change::CommitTime> Cursor::start_time() const { return reading_->start_time(); }
void Cursor::seek(change::Position after) { reading_->seek(after); }

}  // namespace pgmirror::queue
