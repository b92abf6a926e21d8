#include "capture/sqlite/row_changes.hpp"

#include <algorithm>
#include <utility>

#include "capture/sqlite/record.hpp"

namespace pgmirror::capture::sqlite {
namespace {

/// Not equal to any cell: a default that only the source can evaluate tells nothing about the rows of the mirror.
change::Value added_value(const StoredField& field) {
  return field.constant_default ? field.fallback.value() : change::Value::unchanged();
}

bool same_cells(change::Tuple left, change::Tuple right, const std::vector<std::size_t>& columns) {
  return std::ranges::all_of(columns, [&](std::size_t column) { return left[column] == right[column]; });
}

}  // namespace

RowChanges::RowChanges(const TableLayoutPtr& layout)
    : before_(layout), after_(layout), key_(layout->relation->columns.size()) {
  change_.relation = layout->relation;
}

RowChanges::RowChanges(const TableLayoutPtr& before, const TableLayoutPtr& after, LayoutChange change)
    : before_(before),
      after_(after),
      redefined_(true),
      layout_change_(std::move(change)),
      translated_(after->relation->columns.size()),
      added_(after->relation->columns.size()),
      key_(after->relation->columns.size()) {
  change_.relation = after->relation;
  for (const StoredField& field : after_.layout().fields) {
    if (field.column) added_[*field.column] = added_value(field);
  }
}

void RowChanges::start(change::TransactionWriter& out) {
  out_ = &out;
  emitted_ = 0;
}

void RowChanges::row(StoredRow* before, StoredRow* after) {
  if (before == nullptr) {
    insert(*after);
  } else if (after == nullptr) {
    remove(*before);
  } else {
    update(*before, *after);
  }
}

void RowChanges::insert(StoredRow& after) {
  emit(change::RowOperation::insert, {}, after_.decode(after.row_id(), after.record()));
}

void RowChanges::update(StoredRow& before, StoredRow& after) {
  const change::Tuple old_row = translated(before_.decode(before.row_id(), before.record()));
  const change::Tuple new_row = after_.decode(after.row_id(), after.record());
  if (std::ranges::equal(old_row, new_row)) return;
  const bool same_key = same_cells(old_row, new_row, after_.layout().identity);
  emit(change::RowOperation::update, same_key ? change::Tuple{} : key_of(old_row), new_row);
}

void RowChanges::remove(StoredRow& before) {
  // Most keys lie in the page; the overflow pages of a deleted row are not worth reading then.
  const bool local = holds_fields(before.local(), before_.identity_fields());
  const change::Tuple key = before_.decode_identity(before.row_id(), local ? before.local() : before.record());
  emit(change::RowOperation::remove, key_of(translated(key)), {});
}

change::Tuple RowChanges::translated(change::Tuple before) {
  if (!redefined_) return before;
  for (std::size_t i = 0; i < translated_.size(); ++i) {
    const std::optional<std::size_t>& origin = layout_change_.origins[i];
    translated_[i] = origin ? before[*origin] : added_[i];
  }
  return translated_;
}

change::Tuple RowChanges::key_of(change::Tuple row) {
  std::ranges::fill(key_, change::Value::unchanged());
  for (const std::size_t column : after_.layout().identity) key_[column] = row[column];
  return key_;
}

void RowChanges::emit(change::RowOperation operation, change::Tuple old_key, change::Tuple new_row) {
  change_.operation = operation;
  change_.old_key = old_key;
  change_.new_row = new_row;
  out_->row(change_);
  ++emitted_;
}

}  // namespace pgmirror::capture::sqlite
