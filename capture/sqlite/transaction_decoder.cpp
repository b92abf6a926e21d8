#include "capture/sqlite/transaction_decoder.hpp"

#include <algorithm>
#include <utility>

#include "capture/sqlite/catalog.hpp"
#include "capture/sqlite/database_pages.hpp"
#include "capture/sqlite/key_order.hpp"
#include "capture/sqlite/page_map.hpp"
#include "capture/sqlite/read_ahead.hpp"
#include "capture/sqlite/row_changes.hpp"
#include "capture/sqlite/schema_plan.hpp"
#include "capture/sqlite/tree_diff.hpp"

namespace pgmirror::capture::sqlite {
namespace {

constexpr TreeNumber schema_tree = 0;

/// What is known about one tree between transactions; the places of its pages are in the map.
struct Tree {
  TreeNumber number = 0;
  PageNumber root = 0;
  TableLayoutPtr layout{};  ///< none: the schema's own tree
  std::unique_ptr<KeyOrder> keys{};
  std::unique_ptr<RowChanges> changes{};  ///< made when first needed
  std::vector<PageNumber> dirty{};

  void define(const TableLayoutPtr& new_layout) {
    layout = new_layout;
    changes = nullptr;
    keys = layout->without_rowid ? std::make_unique<KeyOrder>(layout->key_order, layout->encoding) : nullptr;
  }
};

/// Learns only that there are differences.
class AnyDifference final : public RowPairs {
 public:
  void row(StoredRow*, StoredRow*) override { found_ = true; }
  bool found() const { return found_; }

 private:
  bool found_ = false;
};

}  // namespace

class TransactionDecoder::State {
 public:
  State(const PageImage& image, const config::TableRules& rules);
  std::uint64_t decode(const PageImage& before, const PageImage& after, std::span<const PageNumber> changed,
                       change::TransactionWriter& out);
  const std::vector<TableLayoutPtr>& tables() const { return tables_; }

 private:
  Tree& add_tree(PageNumber root);
  void walk_all(const DatabasePages& pages);
  void mark(std::span<const PageNumber> changed);
  void mark_dirty(PageNumber page, TreeNumber tree);
  bool schema_differs(const DatabasePages& before, const DatabasePages& after, bool everything);
  std::uint64_t follow_schema(const DatabasePages& before, const DatabasePages& after, bool everything,
                              change::TransactionWriter& out);
  std::uint64_t follow_table(const DatabasePages& before, const DatabasePages& after, const TablePlan& plan,
                             bool everything, change::TransactionWriter& out);
  std::uint64_t follow_rows(const DatabasePages& before, const DatabasePages& after, Tree& tree,
                            change::TransactionWriter& out);
  void finish(std::span<const PageNumber> changed);

  config::TableRules rules_;
  PageFormat format_;
  PageMap map_;
  TreeDiff diff_{map_};
  std::vector<std::unique_ptr<Tree>> trees_;  ///< by number; null where the table is gone
  std::vector<TreeNumber> touched_;           ///< trees with dirty pages
  std::vector<TableLayoutPtr> tables_;
};

TransactionDecoder::State::State(const PageImage& image, const config::TableRules& rules)
    : rules_(rules), format_(read_page_format(image)) {
  const ReadAhead in_order(image);
  const DatabasePages pages(in_order, format_);
  add_tree(pages.page_count() == 0 ? 0 : 1);
  tables_ = read_catalog(pages, rules_, {});
  for (const TableLayoutPtr& layout : tables_) add_tree(layout->root).define(layout);
  walk_all(pages);
}

Tree& TransactionDecoder::State::add_tree(PageNumber root) {
  trees_.push_back(std::make_unique<Tree>());
  trees_.back()->number = static_cast<TreeNumber>(trees_.size() - 1);
  trees_.back()->root = root;
  return *trees_.back();
}

void TransactionDecoder::State::walk_all(const DatabasePages& pages) {
  map_.clear();
  map_.grow(pages.page_count());
  AnyDifference nobody;
  for (const std::unique_ptr<Tree>& tree : trees_) {
    if (!tree) continue;
    diff_.run(pages, pages, {tree->number, 0, tree->root, tree->keys.get()}, nobody);
    map_.apply({});  // tree by tree: what is noted for a whole database would be large
  }
}

std::uint64_t TransactionDecoder::State::decode(const PageImage& before_image, const PageImage& after_image,
                                                std::span<const PageNumber> changed, change::TransactionWriter& out) {
  const bool may_differ = (!changed.empty() && changed.front() == 1) || after_image.page_size() != format_.page_size;
  const DatabasePages before(before_image, format_);
  const DatabasePages after(after_image, may_differ ? read_page_format(after_image) : format_);
  const bool everything = after.format() != before.format();
  map_.grow(std::max(before.page_count(), after.page_count()));
  if (!everything) mark(changed);
  std::uint64_t emitted = 0;
  if (schema_differs(before, after, everything)) {
    emitted = follow_schema(before, after, everything, out);
  } else {
    std::ranges::sort(touched_);
    for (const TreeNumber number : touched_) {
      if (number != schema_tree) emitted += follow_rows(before, after, *trees_[number], out);
    }
  }
  format_ = after.format();
  finish(changed);
  if (everything) walk_all(after);
  return emitted;
}

void TransactionDecoder::State::mark(std::span<const PageNumber> changed) {
  for (const PageNumber page : changed) {
    const PagePlace place = map_.place(page);
    if (place.kind == PageKind::none || !trees_[place.tree]) continue;
    if (place.kind == PageKind::leaf || place.kind == PageKind::interior) {
      mark_dirty(page, place.tree);
    } else if (const PageNumber with_row = map_.trace_overflow(page); with_row != 0) {
      mark_dirty(with_row, place.tree);
      map_.mark(with_row, PageMap::rows_dirty);
    }
  }
}

void TransactionDecoder::State::mark_dirty(PageNumber page, TreeNumber number) {
  if (map_.is_marked(page, PageMap::dirty)) return;
  map_.mark(page, PageMap::dirty);
  Tree& tree = *trees_[number];
  if (tree.dirty.empty()) touched_.push_back(number);
  tree.dirty.push_back(page);
}

bool TransactionDecoder::State::schema_differs(const DatabasePages& before, const DatabasePages& after,
                                               bool everything) {
  Tree& tree = *trees_[schema_tree];
  const PageNumber root = after.page_count() == 0 ? 0 : 1;
  if (tree.dirty.empty() && tree.root == root && !everything) return false;
  AnyDifference difference;
  diff_.run(before, after, {tree.number, tree.root, root, nullptr, tree.dirty, everything}, difference);
  tree.root = root;
  return difference.found();
}

std::uint64_t TransactionDecoder::State::follow_schema(const DatabasePages& before, const DatabasePages& after,
                                                       bool everything, change::TransactionWriter& out) {
  std::vector<TableLayoutPtr> tables = read_catalog(after, rules_, tables_);
  const std::vector<TablePlan> plans = plan_schema(tables_, tables);
  std::uint64_t emitted = emit_schema_changes(plans, out);
  for (const TablePlan& plan : plans) emitted += follow_table(before, after, plan, everything, out);
  tables_ = std::move(tables);
  return emitted;
}

std::uint64_t TransactionDecoder::State::follow_table(const DatabasePages& before, const DatabasePages& after,
                                                      const TablePlan& plan, bool everything,
                                                      change::TransactionWriter& out) {
  const auto of_layout = [&](const std::unique_ptr<Tree>& tree) { return tree && tree->layout == plan.before; };
  const auto found = plan.before ? std::ranges::find_if(trees_, of_layout) : trees_.end();
  if (!plan.after || plan.starts_anew()) {
    // The places of its pages stay in the map under a number that nobody has any more.
    found->reset();
    if (!plan.after) return 0;
  }
  if (!plan.before || plan.starts_anew()) {
    Tree& tree = add_tree(plan.after->root);
    tree.define(plan.after);
    RowChanges changes(plan.after);
    changes.start(out);
    diff_.run(before, after, {tree.number, 0, tree.root, tree.keys.get()}, changes);
    return changes.emitted();
  }
  Tree& tree = **found;
  const bool all_rows = everything || !plan.change.same_bytes;
  const PageNumber root_before = std::exchange(tree.root, plan.after->root);
  tree.define(plan.after);
  if (tree.dirty.empty() && tree.root == root_before && !all_rows) return 0;
  RowChanges changes(plan.before, plan.after, plan.change);
  changes.start(out);
  diff_.run(before, after, {tree.number, root_before, tree.root, tree.keys.get(), tree.dirty, all_rows}, changes);
  return changes.emitted();
}

std::uint64_t TransactionDecoder::State::follow_rows(const DatabasePages& before, const DatabasePages& after,
                                                     Tree& tree, change::TransactionWriter& out) {
  if (!tree.changes) tree.changes = std::make_unique<RowChanges>(tree.layout);
  tree.changes->start(out);
  diff_.run(before, after, {tree.number, tree.root, tree.root, tree.keys.get(), tree.dirty}, *tree.changes);
  return tree.changes->emitted();
}

void TransactionDecoder::State::finish(std::span<const PageNumber> changed) {
  map_.apply(changed);
  for (const TreeNumber number : touched_) {
    if (trees_[number]) trees_[number]->dirty.clear();
  }
  touched_.clear();
}

TransactionDecoder::TransactionDecoder(const PageImage& image, const config::TableRules& rules)
    : state_(std::make_unique<State>(image, rules)) {}

TransactionDecoder::~TransactionDecoder() = default;

std::uint64_t TransactionDecoder::decode(const PageImage& before, const PageImage& after,
                                         std::span<const PageNumber> changed, change::TransactionWriter& out) {
  return state_->decode(before, after, changed, out);
}

const std::vector<TableLayoutPtr>& TransactionDecoder::tables() const { return state_->tables(); }

}  // namespace pgmirror::capture::sqlite
