#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "capture/sqlite/database_pages.hpp"
#include "capture/sqlite/key_order.hpp"
#include "capture/sqlite/page_map.hpp"
#include "capture/sqlite/payload.hpp"
#include "capture/sqlite/row_stream.hpp"
#include "capture/sqlite/stored_row.hpp"

namespace pgmirror::capture::sqlite {

/// Pairs the rows of two streams by key and passes on the pairs whose bytes differ.
///
/// Also notes in the map where the overflow pages of the rows after hang from now on.
class RowMerge {
 public:
  struct Sides {
    const DatabasePages& before;
    const DatabasePages& after;
    TreeNumber tree;
    KeyOrder* keys;   ///< null: rows are ordered by rowid
    bool ordered;     ///< the order of the keys is known, or one side has no rows
    bool everything;  ///< pass on equal rows too
  };

  explicit RowMerge(PageMap& map) : map_(&map) {}
  /// Calls `pairs` in key order, or in no order where the order of the keys is unknown (an entry of sixteen bytes a row
  /// is then held in memory). Throws DamagedPage, also when a stream is out of
  /// order, and std::runtime_error when keys are not in the order of their collation.
  void run(const Sides& sides, RowStream& before, RowStream& after, RowPairs& pairs);

 private:
  /// Where to find a row again.
  struct RowReference {
    std::uint64_t digest;  ///< of the key's bytes
    PageNumber page;
    std::uint32_t cell;
  };

  void merge(RowStream& before, RowStream& after);
  void join(RowStream& before, RowStream& after);
  void join_equal_digests(std::size_t before_begin, std::size_t before_end, std::size_t after_begin,
                          std::size_t after_end);
  void collect(const DatabasePages& pages, RowStream& rows, std::vector<RowReference>& references);
  Cell fetch(const DatabasePages& pages, const RowReference& reference, std::vector<std::byte>& page);
  bool is_same(const Cell& before, const Cell& after) const;
  void pass_same(const Cell& before, const Cell& after);
  void pass(StoredRow* before, StoredRow* after);
  void place_chain(StoredRow& after);

  PageMap* map_;
  const Sides* sides_ = nullptr;
  RowPairs* pairs_ = nullptr;
  Payload before_payload_;
  Payload after_payload_;
  std::vector<RowReference> before_references_;
  std::vector<RowReference> after_references_;
  std::vector<std::byte> before_page_;
  std::vector<std::byte> after_page_;
  std::string before_key_;
  std::string after_key_;
};

}  // namespace pgmirror::capture::sqlite
