#include "sinks/postgres/net_batch.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <stdexcept>

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
  other_key_order_ = table_->relation->has_row_id && !table_->keyed_by_row_id();
}

void TableEffects::add(RowOperation operation, Tuple old_key, Tuple new_row) {
  switch (operation) {
    case RowOperation::insert:
      arrive(new_row.data());
      return;
    case RowOperation::remove:
      remove(old_key.data());
      return;
    case RowOperation::update:
      if (old_key.empty() || same_key(old_key.data(), new_row.data())) {
        update(new_row);
        return;
      }
      if (has_unchanged(new_row)) throw std::logic_error("a row got a new key without all its cells");
      remove(old_key.data());
      arrive(new_row.data());
      return;
  }
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
  effect.partial = false;
  effect.key = key;
  effect.row = row;
}

void TableEffects::remove(const Value* key) {
  RowEffect& effect = find(key);
  // Born and gone within the batch: the mirror never sees it. `key` stays set, so that the slot stays taken.
  const bool unborn = effect.kind == RowEffect::Kind::insert;
  effect.kind = unborn ? RowEffect::Kind::nothing : RowEffect::Kind::remove;
  effect.partial = false;
  effect.row = nullptr;
}

void TableEffects::update(Tuple row) {
  RowEffect& effect = find(row.data());
  const Value* cells = row.data();
  bool partial = has_unchanged(row);
  if (partial && effect.row != nullptr) {
    auto merged = std::make_unique<Value[]>(row.size());
    partial = false;
    for (std::size_t i = 0; i < row.size(); ++i) {
      merged[i] = row[i].is_unchanged() ? effect.row[i] : row[i];
      partial = partial || merged[i].is_unchanged();
    }
    cells = merged.get();
    merged_.push_back(std::move(merged));
  }
  if (effect.kind != RowEffect::Kind::insert) effect.kind = RowEffect::Kind::update;
  effect.partial = partial;
  effect.row = cells;
  effect.key = cells;
}

RowEffect& TableEffects::find(const Value* key) {
  if (key_cells_.empty()) {
    rows_.emplace_back();
    rows_.back().key = key;
    return rows_.back();
  }
  if (2 * (rows_.size() + 1) > slots_.size()) grow();
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t slot = hash(key) & mask;; slot = (slot + 1) & mask) {
    if (slots_[slot] == 0) {
      slots_[slot] = static_cast<std::uint32_t>(rows_.size() + 1);
      rows_.emplace_back();
      rows_.back().key = key;
      return rows_.back();
    }
    RowEffect& effect = rows_[slots_[slot] - 1];
    if (same_key(effect.key, key)) return effect;
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

bool TableEffects::same_key(const Value* left, const Value* right) const {
  return std::ranges::all_of(key_cells_, [&](std::size_t cell) { return left[cell] == right[cell]; });
}

void TableEffects::sort_by_key() {
  if (key_cells_.size() != 1) return;
  const std::size_t cell = key_cells_.front();
  const auto number = [cell](const RowEffect& effect) { return effect.key[cell].as_integer(); };
  const bool numbers = std::ranges::all_of(
      rows_, [cell](const RowEffect& effect) { return effect.key[cell].kind() == ValueKind::integer; });
  if (!numbers || std::ranges::is_sorted(rows_, {}, number)) return;
  std::ranges::sort(rows_, {}, number);
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
