#include "capture/sqlite/tree_diff.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "capture/sqlite/damaged_page.hpp"
#include "capture/sqlite/leaf_rows.hpp"

namespace pgmirror::capture::sqlite {
namespace {

TreeKind tree_kind(const TreeChange& change) { return change.keys == nullptr ? TreeKind::table : TreeKind::index; }

/// Pages of the old tree that changed or were dropped; the dropped ones are noted.
class PagesBefore final : public PageSelection {
 public:
  PagesBefore(PageMap& map, const TreeChange& change) : map_(&map), change_(&change) {}

  Visit visit_root() {
    if (change_->root_before == 0) return Visit::skip;
    return visit(change_->root_before, change_->root_before == change_->root_after ? Visit::children : Visit::whole);
  }

  Visit visit(PageNumber child, Visit parent) override {
    if (change_->everything || (parent == Visit::whole && !map_->is_marked(child, PageMap::seen))) {
      if (!map_->is_tree_page(child, change_->tree)) {
        throw DamagedPage(fmt::format("page {} is not where it was at the last commit", child));
      }
      map_->forget_later(child);
      return Visit::whole;
    }
    if (map_->is_marked(child, PageMap::dirty)) return Visit::whole;
    return map_->is_marked(child, PageMap::ancestor) ? Visit::children : Visit::skip;
  }

 private:
  PageMap* map_;
  const TreeChange* change_;
};

/// Pages of the new tree that changed or were added.
class PagesAfter final : public PageSelection {
 public:
  explicit PagesAfter(const TreeSurvey& survey) : survey_(&survey) {}
  Visit visit(PageNumber child, Visit) override { return survey_->visit(child); }

 private:
  const TreeSurvey* survey_;
};

}  // namespace

void TreeDiff::run(const DatabasePages& before, const DatabasePages& after, const TreeChange& change, RowPairs& pairs) {
  const bool ordered = change.keys == nullptr || change.keys->is_known() || change.root_before == 0;
  const RowMerge::Sides sides{before, after, change.tree, change.keys, ordered, change.everything};
  if (structure_stays(after, change)) {
    for (const PageNumber page : change.dirty) compare_leaf(sides, page, pairs);
    return;
  }
  mark_ancestors(change.dirty);
  survey_.run(after, change.tree, change.root_after, change.everything);
  PagesBefore pages_before(*map_, change);
  PagesAfter pages_after(survey_);
  const Visit after_root = change.root_after == 0 ? Visit::skip : survey_.visit(change.root_after);
  before_cursor_.start(before, tree_kind(change), change.root_before, pages_before.visit_root(), &pages_before);
  after_cursor_.start(after, tree_kind(change), change.root_after, after_root, &pages_after);
  merge_.run(sides, before_cursor_, after_cursor_, pairs);
  map_->clear_seen();
}

/// Whether the interior pages are as they were. Rows then cannot have moved from one leaf to another.
bool TreeDiff::structure_stays(const DatabasePages& after, const TreeChange& change) {
  if (change.everything || change.root_before != change.root_after) return false;
  const auto is_leaf = [this](PageNumber page) { return map_->place(page).kind == PageKind::leaf; };
  if (!std::ranges::all_of(change.dirty, is_leaf)) return false;
  if (!map_->is_marked(change.root_after, PageMap::dirty)) return true;
  // A tree of one page may have grown.
  after_page_.resize(after.page_size());
  after.read(change.root_after, after_page_);
  return BtreePage(change.root_after, after_page_, after.usable_size()).is_leaf();
}

void TreeDiff::compare_leaf(const RowMerge::Sides& sides, PageNumber number, RowPairs& pairs) {
  before_page_.resize(sides.before.page_size());
  after_page_.resize(sides.after.page_size());
  sides.before.read(number, before_page_);
  sides.after.read(number, after_page_);
  const BtreePage before(number, before_page_, sides.before.usable_size());
  const BtreePage after(number, after_page_, sides.after.usable_size());
  if (!after.is_leaf() || !before.is_leaf() || before.type() != after.type()) {
    throw DamagedPage(fmt::format("page {} changed its type under an unchanged parent", number));
  }
  const bool rows_dirty = map_->is_marked(number, PageMap::rows_dirty);
  const EqualEnds ends = rows_dirty ? EqualEnds{} : equal_ends(before, after);
  LeafRows before_rows(before, ends.front, before.cell_count() - ends.back);
  LeafRows after_rows(after, ends.front, after.cell_count() - ends.back);
  merge_.run(sides, before_rows, after_rows, pairs);
}

void TreeDiff::mark_ancestors(std::span<const PageNumber> dirty) {
  for (const PageNumber page : dirty) {
    PageNumber above = map_->place(page).owner;
    while (above != 0 && !map_->is_marked(above, PageMap::ancestor)) {
      map_->mark(above, PageMap::ancestor);
      above = map_->place(above).owner;
    }
  }
}

}  // namespace pgmirror::capture::sqlite
