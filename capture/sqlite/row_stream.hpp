#pragma once

#include "capture/sqlite/btree_page.hpp"

namespace pgmirror::capture::sqlite {

/// Rows of one tree in key order.
class RowStream {
 public:
  virtual ~RowStream() = default;
  /// The next row, or null at the end. Valid until the next call.
  virtual const Cell* next() = 0;
};

}  // namespace pgmirror::capture::sqlite
