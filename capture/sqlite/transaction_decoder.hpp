#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "capture/sqlite/page_image.hpp"
#include "capture/sqlite/table_layout.hpp"
#include "change/transaction.hpp"
#include "config/table_rules.hpp"

namespace pgmirror::capture::sqlite {

/// Turns changed pages into changed rows: the net changes between two commits of a SQLite database.
///
/// Knows for every page of a mirrored table which tree it belongs to (twelve bytes a page) and nothing else between two
/// transactions; all rows are read again from the images. Memory while decoding: a few pages for each level of a tree,
/// the largest row twice, and sixteen bytes for each changed page, whatever the number of rows. One thread.
///
/// Throws DamagedPage for pages that cannot be, and std::runtime_error for a table that cannot be followed (its message
/// names the remedy). After a throw the decoder is of no use and what was emitted must be forgotten: make a new one
/// from the `before` image.
class TransactionDecoder {
 public:
  /// Walks all trees of mirrored tables once: reads every page of those trees, overflow pages included.
  TransactionDecoder(const PageImage& image, const config::TableRules& rules);
  ~TransactionDecoder();
  TransactionDecoder(const TransactionDecoder&) = delete;
  TransactionDecoder& operator=(const TransactionDecoder&) = delete;

  /// Emits the net changes that turn `before` into `after`; begin and commit are the caller's. Returns the number of
  /// changes emitted, 0 when nobody needs to know of this commit.
  ///
  /// `before` is the image of the last call (or of the constructor), `changed` the ascending numbers of all pages that
  /// may differ; more than those that do differ costs only time. The difference may span any number of commits. Schema
  /// changes come first; then the rows table by table, each row at most once. A table whose key became another one is
  /// truncated, redefined and filled again.
  std::uint64_t decode(const PageImage& before, const PageImage& after, std::span<const PageNumber> changed,
                       change::TransactionWriter& out);

  /// The mirrored tables as of the last image.
  const std::vector<TableLayoutPtr>& tables() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace pgmirror::capture::sqlite
