#include "capture/sqlite/row_decoder.hpp"

#include <algorithm>
#include <utility>

#include "capture/sqlite/record.hpp"

namespace pgmirror::capture::sqlite {

RowDecoder::RowDecoder(TableLayoutPtr layout)
    : layout_(std::move(layout)),
      is_identity_(layout_->relation->columns.size()),
      tuple_(layout_->relation->columns.size()) {
  for (const std::size_t column : layout_->identity) is_identity_[column] = true;
  for (std::size_t i = 0; i < layout_->fields.size(); ++i) {
    const StoredField& field = layout_->fields[i];
    if (field.column && is_identity_[*field.column] && !field.row_id_alias) identity_fields_ = i + 1;
  }
  if (layout_->virtual_columns.empty()) return;
  stored_.resize(layout_->fields.size());
  computed_ = std::make_unique<ComputedColumns>(layout_);
}

change::Tuple RowDecoder::decode(std::int64_t row_id, std::span<const std::byte> record) {
  // Sized once for the whole record, so that no value moves while others are added.
  if (layout_->encoding != TextEncoding::utf8) utf8_.resize(utf8_capacity(record.size()));
  utf8_used_ = 0;
  Record reader(record);
  RecordField stored;
  bool more = true;
  for (std::size_t i = 0; i < layout_->fields.size(); ++i) {
    const StoredField& field = layout_->fields[i];
    more = more && reader.next(stored);
    if (!field.column && !computed_) continue;
    const change::Value value = more ? field_value(field, stored.value(), row_id)
                                     : (field.row_id_alias ? change::Value::integer(row_id) : field.fallback.value());
    if (computed_) stored_[i] = value;
    if (field.column) tuple_[*field.column] = value;
  }
  if (layout_->relation->has_row_id) tuple_[0] = change::Value::integer(row_id);
  if (computed_) {
    const std::span<const change::Value> values = computed_->compute(stored_);
    for (std::size_t i = 0; i < values.size(); ++i) tuple_[layout_->virtual_columns[i].column] = values[i];
  }
  return tuple_;
}

change::Tuple RowDecoder::decode_identity(std::int64_t row_id, std::span<const std::byte> record) {
  std::ranges::fill(tuple_, change::Value::unchanged());
  if (layout_->encoding != TextEncoding::utf8) utf8_.resize(utf8_capacity(record.size()));
  utf8_used_ = 0;
  if (layout_->relation->has_row_id) tuple_[0] = change::Value::integer(row_id);
  for (const StoredField& field : layout_->fields) {
    if (field.row_id_alias && field.column && is_identity_[*field.column]) {
      tuple_[*field.column] = change::Value::integer(row_id);
    }
  }
  Record reader(record);
  RecordField stored;
  bool more = true;
  for (std::size_t i = 0; i < identity_fields_; ++i) {
    const StoredField& field = layout_->fields[i];
    more = more && reader.next(stored);
    if (!field.column || !is_identity_[*field.column] || field.row_id_alias) continue;
    tuple_[*field.column] = more ? field_value(field, stored.value(), row_id) : field.fallback.value();
  }
  return tuple_;
}

change::Value RowDecoder::field_value(const StoredField& field, change::Value value, std::int64_t row_id) {
  if (field.row_id_alias) return change::Value::integer(row_id);
  if (field.real && value.kind() == change::ValueKind::integer) {
    return change::Value::real(static_cast<double>(value.as_integer()));
  }
  if (value.kind() == change::ValueKind::text && layout_->encoding != TextEncoding::utf8) return to_utf8_value(value);
  return value;
}

change::Value RowDecoder::to_utf8_value(change::Value text) {
  const std::span<const char> stored(text.bytes());
  char* const out = utf8_.data() + utf8_used_;
  const std::string_view converted = to_utf8(std::as_bytes(stored), layout_->encoding, out);
  utf8_used_ += converted.size();
  return change::Value::text(converted);
}

}  // namespace pgmirror::capture::sqlite
