#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "capture/sqlite/page_image.hpp"

namespace pgmirror::capture::sqlite {

/// Kinds of b-tree pages. Rows of rowid tables live in table leaves only; rows of WITHOUT ROWID tables in index leaves
/// and in index interior pages, each of the latter between two children.
enum class BtreePageType : std::uint8_t { index_interior = 2, table_interior = 5, index_leaf = 10, table_leaf = 13 };

/// One row as its page stores it. A view of the page's bytes.
struct Cell {
  PageNumber page = 0;
  std::uint32_t index = 0;             ///< of the cell in its page
  std::int64_t row_id = 0;             ///< table leaves only
  std::uint64_t payload_size = 0;      ///< of the whole record
  std::span<const std::byte> local{};  ///< the part of the record that lies in the page
  PageNumber overflow = 0;             ///< first page of the rest, 0: none
  std::span<const std::byte> raw{};    ///< the whole cell without its child pointer
};

/// Reads one b-tree page; the bytes belong to the caller and must stay while this and its cells are used.
///
/// Nothing in the bytes is trusted: every accessor throws DamagedPage rather than read outside the usable part.
class BtreePage {
 public:
  BtreePage() = default;
  /// Throws DamagedPage when the page is no b-tree page.
  BtreePage(PageNumber number, std::span<const std::byte> bytes, std::size_t usable_size);

  PageNumber number() const { return number_; }
  BtreePageType type() const { return type_; }
  bool is_leaf() const { return type_ == BtreePageType::index_leaf || type_ == BtreePageType::table_leaf; }
  bool is_index() const { return type_ == BtreePageType::index_leaf || type_ == BtreePageType::index_interior; }
  std::uint32_t cell_count() const { return cell_count_; }
  /// Where the cell begins in the page.
  std::size_t cell_offset(std::uint32_t index) const;
  /// Children are numbered 0 to cell_count(). Interior pages only.
  PageNumber child(std::uint32_t index) const;
  /// Pages that hold rows only: not table_interior.
  Cell cell(std::uint32_t index) const;
  /// The usable part of the page.
  std::span<const std::byte> bytes() const { return {bytes_, usable_size_}; }
  /// Where the array of cell pointers ends: no cell lies before.
  std::size_t content_begin() const { return pointers_ + std::size_t{2} * cell_count_; }

 private:
  [[noreturn]] void damaged(const char* what) const;

  PageNumber number_ = 0;
  const std::byte* bytes_ = nullptr;
  std::size_t usable_size_ = 0;
  BtreePageType type_ = BtreePageType::table_leaf;
  std::uint32_t cell_count_ = 0;
  std::size_t header_ = 0;    ///< where the page header begins: behind the database header on page 1
  std::size_t pointers_ = 0;  ///< where the array of cell pointers begins
};

}  // namespace pgmirror::capture::sqlite
