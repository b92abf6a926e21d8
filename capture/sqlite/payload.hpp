#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "capture/sqlite/btree_page.hpp"
#include "capture/sqlite/database_pages.hpp"

namespace pgmirror::capture::sqlite {

/// Puts records together that continue on overflow pages. Owns its buffers and keeps them for the next record.
class Payload {
 public:
  /// The whole record. Points into the page when all of it is there, else into this object; valid until the next call.
  /// Throws DamagedPage for a chain that is too short or leaves the database.
  std::span<const std::byte> load(const DatabasePages& pages, const Cell& cell);
  /// Follows the chain of overflow pages without keeping the content.
  void trace(const DatabasePages& pages, const Cell& cell);
  /// The overflow pages of the last record, in order.
  std::span<const PageNumber> chain() const { return chain_; }

 private:
  void follow(const DatabasePages& pages, const Cell& cell, bool keep);

  std::vector<std::byte> record_;
  std::vector<std::byte> page_;
  std::vector<PageNumber> chain_;
};

}  // namespace pgmirror::capture::sqlite
