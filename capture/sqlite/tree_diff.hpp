#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "capture/sqlite/database_pages.hpp"
#include "capture/sqlite/key_order.hpp"
#include "capture/sqlite/page_map.hpp"
#include "capture/sqlite/row_merge.hpp"
#include "capture/sqlite/stored_row.hpp"
#include "capture/sqlite/tree_cursor.hpp"
#include "capture/sqlite/tree_survey.hpp"

namespace pgmirror::capture::sqlite {

/// One tree before and after.
struct TreeChange {
  TreeNumber tree = 0;
  PageNumber root_before = 0;  ///< 0: the tree is new
  PageNumber root_after = 0;
  KeyOrder* keys = nullptr;  ///< null: a rowid table
  /// The tree's pages that are marked dirty.
  std::span<const PageNumber> dirty{};
  /// Give all pairs of rows, equal ones too: the same bytes have another meaning now.
  bool everything = false;
};

/// Finds the rows that differ between two states of one tree by looking at changed pages only.
///
/// Rows before are those on dirty pages and on pages that the new tree does not reach any more; rows after are those on
/// dirty pages and on pages that the old tree did not have. A merge of both, each read in key order, gives the pairs;
/// rows that balancing moved cancel out. Dropped pages are found by walking the trees, never from the list of changed
/// pages: freed pages are not written.
///
/// Notes the new places of pages in the map (PageMap::assign_later). Buffers are kept from tree to tree. One thread.
class TreeDiff {
 public:
  explicit TreeDiff(PageMap& map) : map_(&map), survey_(map), merge_(map) {}
  /// Calls `pairs` in key order; where no interior page changed, leaf by leaf. Throws DamagedPage.
  void run(const DatabasePages& before, const DatabasePages& after, const TreeChange& change, RowPairs& pairs);

 private:
  bool structure_stays(const DatabasePages& after, const TreeChange& change);
  void compare_leaf(const RowMerge::Sides& sides, PageNumber page, RowPairs& pairs);
  void mark_ancestors(std::span<const PageNumber> dirty);

  PageMap* map_;
  TreeSurvey survey_;
  RowMerge merge_;
  TreeCursor before_cursor_;
  TreeCursor after_cursor_;
  std::vector<std::byte> before_page_;
  std::vector<std::byte> after_page_;
};

}  // namespace pgmirror::capture::sqlite
