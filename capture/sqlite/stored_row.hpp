#pragma once

#include <cstdint>
#include <span>

#include "capture/sqlite/btree_page.hpp"
#include "capture/sqlite/database_pages.hpp"
#include "capture/sqlite/payload.hpp"

namespace pgmirror::capture::sqlite {

/// One row as stored; its record is put together only when somebody asks. A view of the cell and of its page.
class StoredRow {
 public:
  StoredRow(const DatabasePages& pages, const Cell& cell, Payload& payload)
      : pages_(&pages), cell_(&cell), payload_(&payload) {}

  std::int64_t row_id() const { return cell_->row_id; }
  /// What of the record can be had without reading overflow pages: its beginning, or all of it.
  std::span<const std::byte> local() const { return loaded_ ? record_ : cell_->local; }
  /// The whole record; reads its overflow pages at the first call.
  std::span<const std::byte> record() {
    if (!loaded_) record_ = payload_->load(*pages_, *cell_);
    loaded_ = true;
    return record_;
  }
  const Cell& cell() const { return *cell_; }
  bool is_loaded() const { return loaded_; }

 private:
  const DatabasePages* pages_;
  const Cell* cell_;
  Payload* payload_;
  std::span<const std::byte> record_{};
  bool loaded_ = false;
};

/// Receives the rows of a tree whose stored bytes differ between two states of it.
class RowPairs {
 public:
  virtual ~RowPairs() = default;
  /// One of the two may be null: the key is new, or gone. Both are given for the same key. They die with the call.
  virtual void row(StoredRow* before, StoredRow* after) = 0;
};

}  // namespace pgmirror::capture::sqlite
