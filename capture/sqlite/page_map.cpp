#include "capture/sqlite/page_map.hpp"

namespace pgmirror::capture::sqlite {
namespace {

/// Buffers of a transaction as large as few are must not stay for ever.
template <class Buffer>
void empty(Buffer& buffer) {
  constexpr std::size_t worth_keeping = 65536;
  buffer.clear();
  if (buffer.capacity() > worth_keeping) buffer.shrink_to_fit();
}

}  // namespace

void PageMap::clear() {
  entries_.clear();
  marked_.clear();
  seen_.clear();
  forgotten_.clear();
  assigned_.clear();
}

void PageMap::grow(PageNumber page_count) {
  const std::size_t needed = std::size_t{page_count} + 1;
  if (needed <= entries_.size()) return;
  if (needed > entries_.capacity()) entries_.reserve(needed + needed / 8);
  entries_.resize(needed);
}

void PageMap::mark(PageNumber page, Mark mark) {
  Entry& entry = entries_[page];
  if (mark == seen) {
    seen_.push_back(page);
  } else if ((entry.marks & ~unsigned{seen}) == 0) {
    marked_.push_back(page);
  }
  entry.marks = static_cast<std::uint8_t>(entry.marks | mark);
}

PageNumber PageMap::trace_overflow(PageNumber page) {
  const TreeNumber tree = entries_[page].tree;
  while (entries_[page].kind == PageKind::overflow_next) {
    if (entries_[page].tree != tree || is_marked(page, traced)) return 0;
    mark(page, traced);
    page = entries_[page].owner;
  }
  const Entry& first = entries_[page];
  if (first.kind != PageKind::overflow_first || first.tree != tree || is_marked(page, chain_dirty)) return 0;
  mark(page, chain_dirty);
  return is_tree_page(first.owner, tree) ? first.owner : 0;
}

void PageMap::apply(std::span<const PageNumber> changed) {
  for (const PageNumber page : changed) {
    if (page >= entries_.size()) break;
    Entry& entry = entries_[page];
    if (entry.kind == PageKind::overflow_first || entry.kind == PageKind::overflow_next) entry.kind = PageKind::none;
  }
  for (const PageNumber page : forgotten_) entries_[page].kind = PageKind::none;
  for (const auto& [page, place] : assigned_) {
    entries_[page].tree = place.tree;
    entries_[page].owner = place.owner;
    entries_[page].kind = place.kind;
  }
  for (const PageNumber page : marked_) entries_[page].marks = 0;
  empty(marked_);
  empty(forgotten_);
  empty(assigned_);
  clear_seen();
}

void PageMap::clear_seen() {
  for (const PageNumber page : seen_) {
    entries_[page].marks = static_cast<std::uint8_t>(entries_[page].marks & ~unsigned{seen});
  }
  empty(seen_);
}

}  // namespace pgmirror::capture::sqlite
