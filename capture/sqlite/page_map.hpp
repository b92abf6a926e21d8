#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "capture/sqlite/page_image.hpp"

namespace pgmirror::capture::sqlite {

/// Number of a tree for the life of a decoder; never used twice.
using TreeNumber = std::uint32_t;

enum class PageKind : std::uint8_t { none, interior, leaf, overflow_first, overflow_next };

/// Where a page hangs in the tree it belongs to.
struct PagePlace {
  TreeNumber tree = 0;
  /// interior, leaf: the parent, 0 for a root; overflow_first: the page with the row; overflow_next: the page before.
  PageNumber owner = 0;
  PageKind kind = PageKind::none;
  bool operator==(const PagePlace&) const = default;
};

/// For every page of the database: the place it had at the last commit, and marks while a transaction is decoded.
///
/// What is known about tree pages is exact. A page that left the chain of a deleted row keeps its place until it
/// changes again; such a place costs a needless look at a page, never a wrong row. Places change only in apply(), so
/// that all trees of a transaction are compared against the same commit.
class PageMap {
 public:
  enum Mark : std::uint8_t {
    dirty = 1,        ///< tree page that changed, or one of whose rows has a changed overflow page
    ancestor = 2,     ///< has a dirty page below
    seen = 4,         ///< child of a visited page in the new tree
    chain_dirty = 8,  ///< overflow_first: a page of the chain changed
    traced = 16,      ///< overflow_next: the way to its row has been walked
    rows_dirty = 32,  ///< tree page: one of its rows has a changed overflow page
  };

  /// Forgets all places.
  void clear();
  /// Makes room for pages up to `page_count`.
  void grow(PageNumber page_count);

  /// PageKind::none for a page outside the map.
  PagePlace place(PageNumber page) const { return page < entries_.size() ? entries_[page].place() : PagePlace{}; }
  bool is_tree_page(PageNumber page, TreeNumber tree) const {
    if (page >= entries_.size()) return false;
    const Entry& entry = entries_[page];
    return entry.tree == tree && (entry.kind == PageKind::interior || entry.kind == PageKind::leaf);
  }
  bool is_marked(PageNumber page, unsigned marks) const {
    return page < entries_.size() && (entries_[page].marks & marks) != 0;
  }
  /// The page must be in the map.
  void mark(PageNumber page, Mark mark);

  /// A row's page for a page of its overflow chain, with the chain's first page marked chain_dirty; 0 when the chain is
  /// none any more or has been walked before.
  PageNumber trace_overflow(PageNumber page);

  void forget_later(PageNumber page) { forgotten_.push_back(page); }
  void assign_later(PageNumber page, PagePlace place) { assigned_.push_back({page, place}); }
  /// Forgets the overflow pages among `changed`, then does what was asked for, and clears all marks.
  void apply(std::span<const PageNumber> changed);
  /// Makes the pages of one tree's visit unseen again, for the next tree.
  void clear_seen();

 private:
  struct Entry {
    TreeNumber tree = 0;
    PageNumber owner = 0;
    PageKind kind = PageKind::none;
    std::uint8_t marks = 0;
    PagePlace place() const { return {tree, owner, kind}; }
  };
  struct Assignment {
    PageNumber page;
    PagePlace place;
  };

  std::vector<Entry> entries_;  ///< by page number
  std::vector<PageNumber> marked_;
  std::vector<PageNumber> seen_;
  std::vector<PageNumber> forgotten_;
  std::vector<Assignment> assigned_;
};

}  // namespace pgmirror::capture::sqlite
