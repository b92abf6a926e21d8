#include "queue/cursor.hpp"

#include "queue/damage.hpp"
#include "queue/record_stream.hpp"

namespace pgmirror::queue {

class Cursor::Reading {
 public:
  Reading(std::shared_ptr<const SegmentCatalog> catalog, change::Position after) : stream_(std::move(catalog)) {
    seek(after);
  }

  void seek(change::Position after) {
    in_transaction_ = false;
    stream_.go_to(stream_.walk().catalog().segment_for(after));
    start_time_.reset();
    if (stream_.walk().header().after == after) note_time(stream_.walk().header().after_time);
    naming_damage([this, after] {
      if (const auto start = last_block_before(after)) stream_.load_through(*start);
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
    return stream_.walk().catalog().wait_for_end({position_.value + 1}, std::move(stop), timeout);
  }

  std::shared_ptr<const void> block() const { return stream_.block(); }
  change::Position position() const { return position_; }
  std::optional<change::CommitTime> start_time() const { return start_time_; }

 private:
  template <typename Work>
  void naming_damage(Work work) {
    try {
      work();
    } catch (const wire::Malformed& malformed) {
      throw Damage(stream_.walk().path(), stream_.block_start(), malformed.what());
    }
  }

  // The last block of this segment whose first commit is not after `after`: behind its last such commit the cursor
  // starts.
  std::optional<std::uint64_t> last_block_before(change::Position after) {
    const auto start = stream_.walk().place();
    std::optional<std::uint64_t> found;
    while (const auto header = stream_.walk().peek()) {
      if (header->commits > 0 && header->first > after) break;
      if (header->commits > 0) found = stream_.walk().place().offset;
      stream_.walk().skip(*header);
    }
    stream_.walk().go_back(start);
    return found;
  }

  // Moves behind the last commit in the current block that is not after `after`.
  void pass(change::Position after) {
    if (!stream_.block()) return;
    std::uint32_t passed = 0;
    while (!stream_.records().at_end()) {
      const Item* item = stream_.records().skip();
      const auto* commit = item == nullptr ? nullptr : std::get_if<change::Commit>(item);
      if (commit == nullptr) continue;
      if (commit->position > after) break;
      if (commit->position == after) note_time(commit->time);
      passed = stream_.records().offset();
    }
    stream_.records().go_to(passed);
  }

  /// Zero stands for a time that nobody knew.
  void note_time(change::CommitTime time) {
    if (time != change::CommitTime{}) start_time_ = time;
  }

  const Item* next_in_stream() {
    for (;;) {
      if (!stream_.block() || stream_.records().at_end()) {
        if (!stream_.load()) return nullptr;
        continue;
      }
      if (!in_transaction_) {
        if (const Item* begin = next_begin()) return begin;
        if (waiting_) return nullptr;
        continue;
      }
      const Item* item = stream_.records().next();
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
    while (!stream_.records().at_end()) {
      const auto before = stream_.records().offset();
      const Item* item = stream_.records().skip();
      if (item == nullptr || !std::holds_alternative<Begin>(*item)) continue;
      const bool leaves_block = stream_.block()->header.open_at_end && stream_.block()->header.last_begin == before;
      const auto outcome = leaves_block ? stream_.walk().outcome_ahead() : Outcome::committed;
      if (outcome == Outcome::abandoned) continue;
      if (outcome == Outcome::none) {
        stream_.records().go_to(before);
        waiting_ = true;
        return nullptr;
      }
      in_transaction_ = true;
      return item;
    }
    return nullptr;
  }

  RecordStream stream_;
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
