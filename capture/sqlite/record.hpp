#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "capture/sqlite/damaged_page.hpp"
#include "capture/sqlite/varint.hpp"
#include "change/value.hpp"

namespace pgmirror::capture::sqlite {

/// One stored value: its serial type ("Record Format" of the file format) and its bytes.
struct RecordField {
  std::uint64_t serial_type = 0;
  std::span<const std::byte> bytes{};

  bool is_null() const { return serial_type == 0; }
  bool is_integer() const { return serial_type - 1 < 6 || serial_type == 8 || serial_type == 9; }
  bool is_real() const { return serial_type == 7; }
  bool is_text() const { return serial_type >= 13 && (serial_type & 1U) != 0; }
  bool is_blob() const { return serial_type >= 12 && (serial_type & 1U) == 0; }
  /// The value, a view of the bytes. Text is as stored: not yet UTF-8 in a UTF-16 database.
  change::Value value() const;
};

/// How many bytes a value of this type takes. Throws DamagedPage for the two types that no file may hold.
std::uint64_t serial_type_size(std::uint64_t serial_type);

/// Steps through the fields of a record from left to right.
///
/// May be given only the beginning of a record where holds_fields() says that this is enough.
class Record {
 public:
  /// Throws DamagedPage when the record's header does not fit.
  explicit Record(std::span<const std::byte> record) : end_(record.data() + record.size()) {
    at_ = record.data();
    const std::uint64_t header = take_varint(at_, end_);
    if (header > record.size()) throw DamagedPage("record header runs past its record");
    content_ = record.data() + header;
    if (content_ < at_) throw DamagedPage("record header is shorter than its own size");
    header_end_ = content_;
  }

  /// Moves to the next field; false at the end. Throws DamagedPage when a value runs past the record.
  bool next(RecordField& field) {
    if (at_ >= header_end_) return false;
    field.serial_type = take_varint(at_, header_end_);
    const std::uint64_t size = serial_type_size(field.serial_type);
    if (size > static_cast<std::uint64_t>(end_ - content_)) throw DamagedPage("value runs past its record");
    field.bytes = {content_, static_cast<std::size_t>(size)};
    content_ += size;
    return true;
  }

 private:
  const std::byte* at_;
  const std::byte* header_end_ = nullptr;
  const std::byte* content_ = nullptr;
  const std::byte* end_;
};

/// Whether the first `fields` fields of the record lie whole in `beginning`, its first bytes.
bool holds_fields(std::span<const std::byte> beginning, std::size_t fields);

}  // namespace pgmirror::capture::sqlite
