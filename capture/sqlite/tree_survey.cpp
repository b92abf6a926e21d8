#include "capture/sqlite/tree_survey.hpp"

#include <fmt/format.h>

#include "capture/sqlite/damaged_page.hpp"

namespace pgmirror::capture::sqlite {
namespace {

constexpr std::size_t deepest = 20;  // SQLite's own limit

}  // namespace

void TreeSurvey::run(const DatabasePages& after, TreeNumber tree, PageNumber root, bool everything) {
  after_ = &after;
  tree_ = tree;
  everything_ = everything;
  if (root == 0) return;
  see(root, 0, kind_of(root));
  const Visit root_visit = visit(root);
  if (root_visit != Visit::skip) survey(root, root_visit, 0);
}

Visit TreeSurvey::visit(PageNumber page) const {
  if (everything_ || !map_->is_tree_page(page, tree_) || map_->is_marked(page, PageMap::dirty)) return Visit::whole;
  return map_->is_marked(page, PageMap::ancestor) ? Visit::children : Visit::skip;
}

void TreeSurvey::survey(PageNumber number, Visit own_visit, std::size_t depth) {
  if (depth == deepest) throw DamagedPage(fmt::format("page {} lies too deep in its tree", number));
  // Deeper levels make the outer vector grow, which moves its members but not their bytes.
  if (levels_.size() == depth) levels_.emplace_back();
  levels_[depth].resize(after_->page_size());
  after_->read(number, levels_[depth]);
  const BtreePage page(number, levels_[depth], after_->usable_size());
  if (page.is_leaf()) return;
  const PageKind kind = kind_of_children(page);
  for (std::uint32_t i = 0; i <= page.cell_count(); ++i) {
    const PageNumber child = page.child(i);
    const Visit child_visit = visit(child);
    if (own_visit == Visit::whole) see(child, number, kind);
    if (kind == PageKind::interior && child_visit != Visit::skip) survey(child, child_visit, depth + 1);
  }
}

PageKind TreeSurvey::kind_of(PageNumber number) {
  child_.resize(after_->page_size());
  after_->read(number, child_);
  return BtreePage(number, child_, after_->usable_size()).is_leaf() ? PageKind::leaf : PageKind::interior;
}

PageKind TreeSurvey::kind_of_children(const BtreePage& parent) {
  const PageNumber first = parent.child(0);
  // A page that did not change has the kind it had.
  if (visit(first) != Visit::whole) return map_->place(first).kind;
  return kind_of(first);
}

void TreeSurvey::see(PageNumber number, PageNumber parent, PageKind kind) {
  if (number == 0 || number > after_->page_count()) {
    throw DamagedPage(fmt::format("page {} refers to page {}, which does not exist", parent, number));
  }
  if (map_->is_marked(number, PageMap::seen)) throw DamagedPage(fmt::format("page {} is referred to twice", number));
  map_->mark(number, PageMap::seen);
  const PagePlace place{tree_, parent, kind};
  if (everything_ || map_->place(number) != place) map_->assign_later(number, place);
}

}  // namespace pgmirror::capture::sqlite
