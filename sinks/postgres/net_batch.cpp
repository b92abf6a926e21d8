#include "sinks/postgres/net_batch.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <functional>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace pgmirror::sinks::postgres {

using change::RowOperation;
using change::Tuple;
using change::Value;
using change::ValueKind;

namespace {

constexpr std::size_t first_slots = 64;
constexpr std::size_t fixed_row_bytes = 64;

std::uint64_t mix(std::uint64_t number) {
  number ^= number >> 32U;
  number *= 0xD6E8FEB86659FD93U;
  number ^= number >> 32U;
  return number;
}

std::uint64_t hash_cell(const Value& cell) {
  switch (cell.kind()) {
    case ValueKind::integer:
      return mix(static_cast<std::uint64_t>(cell.as_integer()) + 1);
    case ValueKind::real:
      return mix(std::bit_cast<std::uint64_t>(cell.as_real()) + 2);
    case ValueKind::text:
    case ValueKind::blob:
      return std::hash<std::string_view>{}(cell.bytes());
    case ValueKind::null:
    case ValueKind::unchanged:
      break;
  }
  return 0;
}

bool has_unchanged(Tuple row) { return std::ranges::any_of(row, &Value::is_unchanged); }

/// Also as a PostgreSQL source prints it.
std::optional<std::int64_t> whole_number(const Value& cell) {
  if (cell.kind() == ValueKind::integer) return cell.as_integer();
  if (cell.kind() != ValueKind::text) return std::nullopt;
  const std::string_view text = cell.bytes();
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool is_complete(Tuple row) { return !row.empty() && !has_unchanged(row); }

}  // namespace

std::size_t row_bytes(Tuple row) {
  std::size_t bytes = fixed_row_bytes;
  for (const Value& cell : row) {
    if (cell.kind() == ValueKind::text || cell.kind() == ValueKind::blob) bytes += cell.bytes().size();
  }
  return bytes;
}

TableEffects::TableEffects(MirrorTablePtr table) : table_(std::move(table)), slots_(first_slots) {
  for (const std::size_t column : table_->key) key_cells_.push_back(table_->columns[column].source);
  whole_rows_ = key_cells_.empty();
  if (whole_rows_) {
    for (const MirrorColumn& column : table_->columns) key_cells_.push_back(column.source);
  }
  other_key_order_ = table_->relation->has_row_id && !table_->keyed_by_row_id();
}

void TableEffects::add(RowOperation operation, Tuple old_key, Tuple new_row) {
  if (whole_rows_) {
    // Of a table without columns one row is as good as another.
    const bool identified = operation == RowOperation::insert || key_cells_.empty() || is_complete(old_key);
    if (!identified) throw std::logic_error("a row without a key was changed, and the source did not say which");
    if (operation != RowOperation::insert) count(old_key.data(), false);
    if (operation == RowOperation::update) new_row = completed(new_row, old_key.data());
    if (operation != RowOperation::remove) count(new_row.data(), true);
    return;
  }
  switch (operation) {
    case RowOperation::insert:
      arrive(new_row.data());
      return;
    case RowOperation::remove:
      remove(old_key.data());
      return;
    case RowOperation::update:
      if (!old_key.empty()) new_row = completed(new_row, old_key.data());
      if (old_key.empty() || same_key(old_key.data(), new_row.data())) {
        update(new_row);
      } else if (has_unchanged(new_row)) {
        move(old_key.data(), new_row);
      } else {
        remove(old_key.data());
        arrive(new_row.data());
      }
      return;
  }
}

/// A source may send a cell with the old key alone: a key, or any cell of a row that is identified by all.
Tuple TableEffects::completed(Tuple row, const Value* known) {
  bool differs = false;
  for (std::size_t i = 0; i < row.size(); ++i) differs = differs || (row[i].is_unchanged() && !known[i].is_unchanged());
  if (!differs) return row;
  auto merged = std::make_unique<Value[]>(row.size());
  for (std::size_t i = 0; i < row.size(); ++i) merged[i] = row[i].is_unchanged() ? known[i] : row[i];
  merged_.push_back(std::move(merged));
  return {merged_.back().get(), row.size()};
}

void TableEffects::end_transaction() {
  for (const Value* row : arriving_) put(row, row);
  arriving_.clear();
}

void TableEffects::arrive(const Value* row) {
  if (other_key_order_) {
    arriving_.push_back(row);
  } else {
    put(row, row);
  }
}

void TableEffects::put(const Value* key, const Value* row) {
  RowEffect& effect = find(key);
  effect.kind = effect.kind == RowEffect::Kind::nothing ? RowEffect::Kind::insert : RowEffect::Kind::update;
  effect.key = key;
  effect.row = row;
  effect.partial = false;
  if (const Value* from = std::exchange(effect.from, nullptr)) settle_origin(from);
}

/// The row leaves the key, or the table.
void TableEffects::take_out(RowEffect& effect) {
  // Born and gone within the batch: the mirror never sees it. `key` stays set, so that the slot stays taken.
  effect.kind = effect.kind == RowEffect::Kind::insert ? RowEffect::Kind::nothing : RowEffect::Kind::remove;
  effect.partial = false;
  effect.row = nullptr;
  effect.from = nullptr;
}

void TableEffects::remove(const Value* key) {
  RowEffect& effect = find(key);
  const Value* from = effect.from;
  take_out(effect);
  if (from != nullptr) settle_origin(from);
}

/// Nobody needs the row that stood under `from` any more.
void TableEffects::settle_origin(const Value* from) { find(from).left = false; }

void TableEffects::update(Tuple row) {
  RowEffect& effect = find(row.data());
  if (effect.row != nullptr) row = completed(row, effect.row);
  // No row of the mirror has such a key: it is for the mirror to refuse it, not to find nothing.
  const bool comes = effect.kind == RowEffect::Kind::insert || has_null_key(row.data());
  effect.kind = comes ? RowEffect::Kind::insert : RowEffect::Kind::update;
  effect.partial = has_unchanged(row);
  effect.row = row.data();
  effect.key = row.data();
  if (effect.partial) return;
  if (const Value* from = std::exchange(effect.from, nullptr)) settle_origin(from);
}

void TableEffects::move(const Value* old_key, Tuple row) {
  RowEffect& leaving = find(old_key);
  const Value* origin = leaving.from != nullptr ? leaving.from : leaving.key;
  if (leaving.row != nullptr) row = completed(row, leaving.row);
  const bool first_step = leaving.from == nullptr;
  take_out(leaving);
  if (!has_unchanged(row)) {
    if (!first_step) settle_origin(origin);
    arrive(row.data());
    return;
  }
  find(origin).left = true;
  const std::size_t place = place_of(row.data());
  RowEffect& arriving = rows_[place];
  arriving.kind = arriving.kind == RowEffect::Kind::nothing ? RowEffect::Kind::insert : RowEffect::Kind::update;
  arriving.partial = true;
  arriving.row = row.data();
  arriving.key = row.data();
  arriving.from = origin;
  if (!same_key(origin, row.data())) return;
  arriving.from = nullptr;
  arriving.left = false;
}

void TableEffects::count(const Value* row, bool comes) {
  RowEffect& effect = find(row);
  using Kind = RowEffect::Kind;
  const Kind same = comes ? Kind::insert : Kind::remove;
  if (effect.kind == Kind::nothing) {
    effect.kind = same;
    effect.copies = 1;
  } else if (effect.kind == same) {
    ++effect.copies;
  } else if (--effect.copies == 0) {
    effect.kind = Kind::nothing;
  }
  effect.row = effect.kind == Kind::insert ? effect.key : nullptr;
}

std::size_t TableEffects::place_of(const Value* key) {
  if (2 * (rows_.size() + 1) > slots_.size()) grow();
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t slot = hash(key) & mask;; slot = (slot + 1) & mask) {
    if (slots_[slot] == 0) {
      slots_[slot] = static_cast<std::uint32_t>(rows_.size() + 1);
      rows_.emplace_back();
      rows_.back().key = key;
      return rows_.size() - 1;
    }
    const std::size_t place = slots_[slot] - 1;
    if (same_key(rows_[place].key, key)) return place;
  }
}

void TableEffects::grow() {
  slots_.assign(slots_.size() * 2, 0);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    std::size_t slot = hash(rows_[row].key) & mask;
    while (slots_[slot] != 0) slot = (slot + 1) & mask;
    slots_[slot] = static_cast<std::uint32_t>(row + 1);
  }
}

std::uint64_t TableEffects::hash(const Value* key) const {
  std::uint64_t all = 0;
  for (const std::size_t cell : key_cells_) all = mix(all ^ hash_cell(key[cell]));
  return all;
}

/// Rows whose key has a NULL are never the same: SQLite takes any number of them. The mirror refuses each.
bool TableEffects::same_key(const Value* left, const Value* right) const {
  return std::ranges::all_of(key_cells_, [&](std::size_t cell) {
    return left[cell] == right[cell] && (whole_rows_ || !left[cell].is_null());
  });
}

bool TableEffects::has_null_key(const Value* row) const {
  return std::ranges::any_of(key_cells_, [&](std::size_t cell) { return row[cell].is_null(); });
}

std::uint64_t TableEffects::key_hash(const RowEffect& row) const {
  return mix(hash(row.key) ^ std::hash<const MirrorTable*>{}(table_.get()));
}

TableEffects TableEffects::split(const std::function<bool(const RowEffect&)>& wanted) {
  TableEffects taken(table_);
  const auto rest =
      std::stable_partition(rows_.begin(), rows_.end(), [&](const RowEffect& row) { return !wanted(row); });
  taken.rows_.assign(rest, rows_.end());
  rows_.erase(rest, rows_.end());
  slots_.clear();
  taken.slots_.clear();
  return taken;
}

void TableEffects::sort_by_key() {
  if (key_cells_.size() != 1 || whole_rows_) return;
  const std::size_t cell = key_cells_.front();
  std::vector<std::pair<std::int64_t, std::size_t>> order;
  order.reserve(rows_.size());
  for (const RowEffect& effect : rows_) {
    const auto number = whole_number(effect.key[cell]);
    if (!number) return;
    order.emplace_back(*number, order.size());
  }
  if (std::ranges::is_sorted(order)) return;
  std::ranges::sort(order);
  std::vector<RowEffect> sorted;
  sorted.reserve(rows_.size());
  for (const auto& [number, place] : order) sorted.push_back(rows_[place]);
  rows_ = std::move(sorted);
  slots_.clear();
}

void NetBatch::add(const MirrorTablePtr& table, RowOperation operation, Tuple old_key, Tuple new_row) {
  auto found = std::ranges::find(tables_, table, [](const auto& effects) { return effects->table(); });
  if (found == tables_.end()) found = tables_.insert(tables_.end(), std::make_unique<TableEffects>(table));
  (*found)->add(operation, old_key, new_row);
  bytes_ += row_bytes(new_row) + old_key.size();
  ++changes_;
}

void NetBatch::keep(std::shared_ptr<const void> block) {
  if (blocks_.empty() || blocks_.back() != block) blocks_.push_back(std::move(block));
}

void NetBatch::end_transaction(const change::Commit& commit) {
  settle();
  ++transactions_;
  last_commit_ = commit;
}

void NetBatch::settle() {
  for (const auto& table : tables_) table->end_transaction();
}

void NetBatch::clear() { *this = NetBatch{}; }

void NetBatch::sort_by_key() {
  for (const auto& table : tables_) table->sort_by_key();
}

}  // namespace pgmirror::sinks::postgres
