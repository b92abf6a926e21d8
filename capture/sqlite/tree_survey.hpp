#pragma once

#include <cstddef>
#include <vector>

#include "capture/sqlite/btree_page.hpp"
#include "capture/sqlite/database_pages.hpp"
#include "capture/sqlite/page_map.hpp"
#include "capture/sqlite/tree_cursor.hpp"

namespace pgmirror::capture::sqlite {

/// Walks the interior pages of a changed tree once, as far as something changed below them.
///
/// Marks in the map every page that a changed interior page refers to (PageMap::seen): what the old tree had and is not
/// seen has been dropped. Notes the new places of pages (PageMap::assign_later). Leaves are not read: all leaves of a
/// tree lie at one depth, which TreeCursor checks.
class TreeSurvey {
 public:
  explicit TreeSurvey(PageMap& map) : map_(&map) {}
  /// `everything`: nothing of the old tree is kept. Dirty pages and their ancestors are marked. Throws DamagedPage when
  /// a page is referred to twice.
  void run(const DatabasePages& after, TreeNumber tree, PageNumber root, bool everything);
  /// Whether the page, one of the new tree, is to be read for its rows, for its children only, or neither.
  Visit visit(PageNumber page) const;

 private:
  void survey(PageNumber number, Visit visit, std::size_t depth);
  PageKind kind_of(PageNumber number);
  PageKind kind_of_children(const BtreePage& parent);
  void see(PageNumber number, PageNumber parent, PageKind kind);

  PageMap* map_;
  const DatabasePages* after_ = nullptr;
  TreeNumber tree_ = 0;
  bool everything_ = false;
  std::vector<std::vector<std::byte>> levels_;
  std::vector<std::byte> child_;
};

}  // namespace pgmirror::capture::sqlite
