#pragma once

#include <cstdint>
#include <memory>

#include "queue/block.hpp"
#include "queue/cursor_item.hpp"
#include "queue/record_tag.hpp"
#include "queue/relation_table.hpp"
#include "queue/wire.hpp"

namespace pgmirror::queue {

/// Takes the records of one block apart. Throws wire::Malformed.
///
/// Relation records are taken in on the way.
class RecordReader {
 public:
  explicit RecordReader(RelationTable& relations) : relations_(relations) {}

  void start(Block& block);
  bool at_end() const { return in_.at_end(); }
  std::uint32_t offset() const { return static_cast<std::uint32_t>(in_.position() - start_); }
  void go_to(std::uint32_t offset);

  /// The next item, or null when only relations were left. It lives until the next call.
  const Item* next();
  /// Moves over the next record; the item only where it is a Begin or a Commit.
  const Item* skip();

 private:
  RecordTag tag();
  const Item* row(RecordTag tag);
  const Item* truncation();
  const Item* schema();
  const Item* gap();
  const Item* statement();
  const Item* sequence();
  const Item* commit();
  void relation();

  RelationTable& relations_;
  Block* block_ = nullptr;
  const char* start_ = nullptr;
  wire::Reader in_;
  Item begin_{Begin{}};
  Item row_{change::RowChange{}};
  Item commit_{change::Commit{}};
  Item other_{Begin{}};
};

}  // namespace pgmirror::queue
