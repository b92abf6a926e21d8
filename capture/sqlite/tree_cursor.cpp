#include "capture/sqlite/tree_cursor.hpp"

#include <fmt/format.h>

#include "capture/sqlite/damaged_page.hpp"

namespace pgmirror::capture::sqlite {
namespace {

constexpr std::size_t deepest = 20;  // SQLite's own limit

}  // namespace

void TreeCursor::start(const DatabasePages& pages, TreeKind kind, PageNumber root, Visit root_visit,
                       PageSelection* selection) {
  pages_ = &pages;
  selection_ = selection;
  kind_ = kind;
  depth_ = 0;
  leaf_depth_ = 0;
  visited_ = 0;
  if (root != 0 && root_visit != Visit::skip) enter(root, root_visit);
}

void TreeCursor::enter(PageNumber number, Visit visit) {
  if (depth_ == deepest) throw DamagedPage(fmt::format("page {} lies too deep in its tree", number));
  if (++visited_ > pages_->page_count())
    throw DamagedPage(fmt::format("page {} belongs to a tree with a loop", number));
  if (levels_.size() == depth_) levels_.emplace_back();
  Level& level = levels_[depth_++];
  level.bytes.resize(pages_->page_size());
  pages_->read(number, level.bytes);
  level.page = BtreePage(number, level.bytes, pages_->usable_size());
  level.visit = visit;
  level.step = 0;
  if (level.page.is_index() != (kind_ == TreeKind::index)) {
    throw DamagedPage(fmt::format("page {} belongs to another kind of tree", number));
  }
  if (level.page.is_leaf()) {
    if (leaf_depth_ == 0) leaf_depth_ = depth_;
    if (leaf_depth_ != depth_) throw DamagedPage(fmt::format("page {} is a leaf at the wrong depth", number));
  }
}

const Cell* TreeCursor::next() {
  while (depth_ > 0) {
    Level& level = levels_[depth_ - 1];
    if (level.page.is_leaf()) {
      if (level.visit == Visit::whole && level.step < level.page.cell_count()) {
        cell_ = level.page.cell(level.step++);
        return &cell_;
      }
      --depth_;
      continue;
    }
    if (level.step > 2 * level.page.cell_count()) {
      --depth_;
      continue;
    }
    const std::uint32_t step = level.step++;
    if (step % 2 == 0) {
      const PageNumber child = level.page.child(step / 2);
      const Visit visit = selection_ == nullptr ? Visit::whole : selection_->visit(child, level.visit);
      if (visit != Visit::skip) enter(child, visit);
    } else if (kind_ == TreeKind::index && level.visit == Visit::whole) {
      cell_ = level.page.cell(step / 2);
      return &cell_;
    }
  }
  return nullptr;
}

}  // namespace pgmirror::capture::sqlite
