#include "capture/sqlite/row_merge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <compare>
#include <cstring>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "capture/sqlite/damaged_page.hpp"

namespace pgmirror::capture::sqlite {
namespace {

/// One stream of a merge: the current row, and a watch over the order of the keys.
class Side {
 public:
  /// `keys` is null for rowids, and where the order of the keys is unknown.
  Side(const DatabasePages& pages, RowStream& rows, Payload& payload, bool by_row_id, KeyOrder* keys)
      : pages_(&pages), rows_(&rows), payload_(&payload), by_row_id_(by_row_id), keys_(keys) {
    advance();
  }
  bool at_end() const { return cell_ == nullptr; }
  const Cell& cell() const { return *cell_; }
  StoredRow& row() { return *row_; }
  void advance() {
    const bool first = at_end();
    const std::int64_t last_row_id = first ? 0 : cell_->row_id;
    cell_ = rows_->next();
    if (at_end()) return;
    if (by_row_id_ && !first && cell_->row_id <= last_row_id) {
      throw DamagedPage(fmt::format("page {} has rows out of order", cell_->page));
    }
    if (keys_ != nullptr && cell_->overflow == 0) check_key();
    row_.emplace(*pages_, *cell_, *payload_);
  }

 private:
  /// Where an application replaced a built-in collation by its own, a merge would tell a row's new state before its
  /// end.
  void check_key() {
    if (!last_record_.empty() && keys_->compare(last_record_, cell_->local) >= 0) {
      throw std::runtime_error(
          fmt::format("page {}: rows are not in the order of their key's collation; if the application replaces a "
                      "built-in collation, exclude the table",
                      cell_->page));
    }
    last_record_.assign(cell_->local.begin(), cell_->local.end());
  }

  const DatabasePages* pages_;
  RowStream* rows_;
  Payload* payload_;
  bool by_row_id_;
  KeyOrder* keys_;
  std::vector<std::byte> last_record_;
  const Cell* cell_ = nullptr;
  std::optional<StoredRow> row_;
};

}  // namespace

void RowMerge::run(const Sides& sides, RowStream& before, RowStream& after, RowPairs& pairs) {
  sides_ = &sides;
  pairs_ = &pairs;
  if (sides.ordered) {
    merge(before, after);
  } else {
    join(before, after);
  }
}

void RowMerge::merge(RowStream& before_rows, RowStream& after_rows) {
  const bool by_row_id = sides_->keys == nullptr;
  KeyOrder* const keys = !by_row_id && sides_->keys->is_known() ? sides_->keys : nullptr;
  Side before(sides_->before, before_rows, before_payload_, by_row_id, keys);
  Side after(sides_->after, after_rows, after_payload_, by_row_id, keys);
  while (!before.at_end() || !after.at_end()) {
    std::weak_ordering order = std::weak_ordering::equivalent;
    if (before.at_end()) {
      order = std::weak_ordering::greater;
    } else if (after.at_end()) {
      order = std::weak_ordering::less;
    } else if (is_same(before.cell(), after.cell())) {
      pass_same(before.cell(), after.cell());
      before.advance();
      after.advance();
      continue;
    } else if (by_row_id) {
      order = before.cell().row_id <=> after.cell().row_id;
    } else {
      order = sides_->keys->compare(before.row().record(), after.row().record());
    }
    pass(order <= 0 ? &before.row() : nullptr, order >= 0 ? &after.row() : nullptr);
    if (order <= 0) before.advance();
    if (order >= 0) after.advance();
  }
}

bool RowMerge::is_same(const Cell& before, const Cell& after) const {
  return !sides_->everything && before.raw.size() == after.raw.size() &&
         std::memcmp(before.raw.data(), after.raw.data(), before.raw.size()) == 0 &&
         (before.overflow == 0 || !map_->is_marked(before.overflow, PageMap::chain_dirty));
}

void RowMerge::pass_same(const Cell& before, const Cell& after) {
  if (after.overflow == 0 || before.page == after.page) return;
  // Only the first overflow page names the page with the row, so that a moved row costs nothing more than this.
  map_->assign_later(after.overflow, {sides_->tree, after.page, PageKind::overflow_first});
}

void RowMerge::pass(StoredRow* before, StoredRow* after) {
  pairs_->row(before, after);
  if (after != nullptr && after->cell().overflow != 0) place_chain(*after);
}

void RowMerge::place_chain(StoredRow& after) {
  if (!after.is_loaded()) after_payload_.trace(sides_->after, after.cell());
  PagePlace place{sides_->tree, after.cell().page, PageKind::overflow_first};
  for (const PageNumber page : after_payload_.chain()) {
    map_->assign_later(page, place);
    place = {sides_->tree, page, PageKind::overflow_next};
  }
}

void RowMerge::join(RowStream& before, RowStream& after) {
  collect(sides_->before, before, before_references_);
  collect(sides_->after, after, after_references_);
  std::size_t b = 0;
  std::size_t a = 0;
  const auto& olds = before_references_;
  const auto& news = after_references_;
  while (b < olds.size() || a < news.size()) {
    const std::uint64_t digest = b == olds.size()   ? news[a].digest
                                 : a == news.size() ? olds[b].digest
                                                    : std::min(olds[b].digest, news[a].digest);
    const std::size_t before_begin = b;
    const std::size_t after_begin = a;
    while (b < olds.size() && olds[b].digest == digest) ++b;
    while (a < news.size() && news[a].digest == digest) ++a;
    join_equal_digests(before_begin, b, after_begin, a);
  }
}

void RowMerge::collect(const DatabasePages& pages, RowStream& rows, std::vector<RowReference>& references) {
  references.clear();
  while (const Cell* cell = rows.next()) {
    before_key_.clear();
    sides_->keys->append_exact_key(before_payload_.load(pages, *cell), before_key_);
    references.push_back({std::hash<std::string_view>{}(before_key_), cell->page, cell->index});
  }
  std::ranges::sort(references, {}, &RowReference::digest);
}

Cell RowMerge::fetch(const DatabasePages& pages, const RowReference& reference, std::vector<std::byte>& page) {
  page.resize(pages.page_size());
  pages.read(reference.page, page);
  return BtreePage(reference.page, page, pages.usable_size()).cell(reference.cell);
}

void RowMerge::join_equal_digests(std::size_t before_begin, std::size_t before_end, std::size_t after_begin,
                                  std::size_t after_end) {
  std::vector<bool> paired(after_end - after_begin);
  for (std::size_t b = before_begin; b < before_end; ++b) {
    const Cell before_cell = fetch(sides_->before, before_references_[b], before_page_);
    StoredRow before(sides_->before, before_cell, before_payload_);
    before_key_.clear();
    sides_->keys->append_exact_key(before.record(), before_key_);
    bool found = false;
    for (std::size_t a = after_begin; a < after_end && !found; ++a) {
      if (paired[a - after_begin]) continue;
      const Cell after_cell = fetch(sides_->after, after_references_[a], after_page_);
      StoredRow after(sides_->after, after_cell, after_payload_);
      after_key_.clear();
      sides_->keys->append_exact_key(after.record(), after_key_);
      if (before_key_ != after_key_) continue;
      found = true;
      paired[a - after_begin] = true;
      if (is_same(before_cell, after_cell)) {
        pass_same(before_cell, after_cell);
      } else {
        pass(&before, &after);
      }
    }
    if (!found) pass(&before, nullptr);
  }
  for (std::size_t a = after_begin; a < after_end; ++a) {
    if (paired[a - after_begin]) continue;
    const Cell after_cell = fetch(sides_->after, after_references_[a], after_page_);
    StoredRow after(sides_->after, after_cell, after_payload_);
    pass(nullptr, &after);
  }
}

}  // namespace pgmirror::capture::sqlite
