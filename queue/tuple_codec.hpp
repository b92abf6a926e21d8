#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "change/value.hpp"
#include "queue/byte_buffer.hpp"
#include "queue/wire.hpp"

namespace pgmirror::queue {

/// The decoded cells of one block. Memory is kept by clear(), so that reading block after block allocates nothing.
class CellArena {
 public:
  /// `count` cells in one piece, which stay where they are until clear().
  std::span<change::Value> take(std::size_t count);
  void clear();

 private:
  static constexpr std::size_t usual_chunk = 4096;
  struct Chunk {
    std::unique_ptr<change::Value[]> cells;
    std::size_t size;
  };
  std::vector<Chunk> chunks_;
  std::size_t chunk_ = 0;
  std::size_t used_ = 0;
};

/// Appends a row as FORMAT.md has it.
void append_tuple(ByteBuffer& out, change::Tuple tuple);

/// The row at the reader's place: cells in `arena`, text and blob bytes in the reader's bytes. Throws wire::Malformed.
change::Tuple take_tuple(wire::Reader& in, CellArena& arena);

/// Moves over a row.
void skip_tuple(wire::Reader& in);

}  // namespace pgmirror::queue
