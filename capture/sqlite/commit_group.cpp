#include "capture/sqlite/commit_group.hpp"

#include <algorithm>

#include "capture/sqlite/damaged_page.hpp"

namespace pgmirror::capture::sqlite {
namespace {

using std::chrono::microseconds;

/// Two syncs end a group: at most so often, however few transactions it has.
constexpr microseconds shortest_interval{2000};
/// A group of some size may grow until then: from 4,000 commits a second on, syncs and wakeups cost more than the
/// milliseconds are worth.
constexpr microseconds longest_group{12000};
constexpr std::size_t some_size = 8;

}  // namespace

CommitGroup::~CommitGroup() { release(); }

void CommitGroup::release() {
  if (holds_turn_) turn_.unlock();
  holds_turn_ = false;
}

std::uint64_t CommitGroup::add(const PageImage& after, std::span<const PageNumber> changed) {
  if (shadow_.needs_settling(changed.size())) settle(Extent::all);
  if (!holds_turn_) {
    turn_.lock();
    holds_turn_ = true;
    began_ = std::chrono::steady_clock::now();
  }
  ++transactions_;
  writer_.begin();
  std::uint64_t count = 0;
  try {
    count = decoder_.decode(shadow_, after, changed, writer_);
  } catch (const DamagedPage&) {
    writer_.rollback();
    throw;
  }
  std::uint64_t sequence = shadow_.sequence();
  if (count > 0) {
    ++sequence;
    const auto now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
    writer_.commit({change::Position{sequence}, now});
    visible_ = true;
  } else {
    writer_.rollback();
  }
  shadow_.apply(after, changed, sequence);
  bytes_ += changed.size() * shadow_.page_size();
  return count;
}

bool CommitGroup::is_full() const {
  return bytes_ >= shadow_.limits().group_bytes ||
         (holds_turn_ && std::chrono::steady_clock::now() - began_ >= longest_group);
}

microseconds CommitGroup::time_left() const {
  auto end = settled_ + shortest_interval;
  if (transactions_ >= some_size) end = std::max(end, began_ + longest_group);
  const auto left = std::chrono::duration_cast<microseconds>(end - std::chrono::steady_clock::now());
  return std::max(left, microseconds{0});
}

void CommitGroup::settle(Extent extent) {
  if (extent == Extent::all || visible_ || bytes_ >= shadow_.limits().group_bytes) {
    shadow_.sync();
    writer_.sync();
    shadow_.settle();
    visible_ = false;
    bytes_ = 0;
    settled_ = std::chrono::steady_clock::now();
  }
  transactions_ = 0;
  release();
}

}  // namespace pgmirror::capture::sqlite
