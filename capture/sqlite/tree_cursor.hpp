#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "capture/sqlite/btree_page.hpp"
#include "capture/sqlite/database_pages.hpp"
#include "capture/sqlite/row_stream.hpp"

namespace pgmirror::capture::sqlite {

enum class TreeKind : std::uint8_t { table, index };

/// What a TreeCursor does with a page.
enum class Visit : std::uint8_t {
  skip,      ///< not read, nor what is below
  children,  ///< its own rows are passed over, its children are asked for
  whole,     ///< its rows are given, its children are asked for
};

/// Chooses the pages of a tree that a TreeCursor visits.
class PageSelection {
 public:
  virtual ~PageSelection() = default;
  /// Asked once for each child of a visited page.
  virtual Visit visit(PageNumber child, Visit parent) = 0;
};

/// Walks the rows of one b-tree in key order, holding one page for each level. Buffers are kept for the next tree.
class TreeCursor final : public RowStream {
 public:
  /// `pages` (and `selection`, null: all pages) must outlive the walk. Root 0 is a tree without rows.
  void start(const DatabasePages& pages, TreeKind kind, PageNumber root, Visit root_visit = Visit::whole,
             PageSelection* selection = nullptr);
  /// Throws DamagedPage for anything but a sound tree.
  const Cell* next() override;

 private:
  struct Level {
    BtreePage page;
    Visit visit = Visit::whole;
    std::uint32_t step = 0;  ///< leaf: next cell; interior: twice the next child, odd for the cell after a child
    std::vector<std::byte> bytes{};
  };

  void enter(PageNumber number, Visit visit);

  const DatabasePages* pages_ = nullptr;
  PageSelection* selection_ = nullptr;
  TreeKind kind_ = TreeKind::table;
  std::vector<Level> levels_;
  std::size_t depth_ = 0;
  std::size_t leaf_depth_ = 0;
  std::uint64_t visited_ = 0;
  Cell cell_;
};

}  // namespace pgmirror::capture::sqlite
