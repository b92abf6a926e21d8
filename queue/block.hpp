#pragma once

#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "queue/block_header.hpp"
#include "queue/byte_buffer.hpp"
#include "queue/tuple_codec.hpp"

namespace pgmirror::queue {

/// One block in memory: its records as they were written, and the cells decoded from them so far.
struct Block {
  BlockHeader header;
  ByteBuffer stored;  ///< header and stored bytes as on disk
  ByteBuffer raw;     ///< used when compressed
  CellArena cells;

  std::string_view records() const { return header.compressed ? raw.view() : stored.view().substr(BlockHeader::size); }
};

/// Reuses the memory of blocks that nobody holds any more. Blocks may be dropped by any thread, also after the pool's
/// owner is gone.
class BlockPool : public std::enable_shared_from_this<BlockPool> {
 public:
  std::shared_ptr<Block> take();

 private:
  static constexpr std::size_t most_spare = 4;
  static constexpr std::size_t most_spare_bytes = std::size_t{2} << 20U;

  void give_back(std::unique_ptr<Block> block);

  std::mutex mutex_;
  std::vector<std::unique_ptr<Block>> spare_;
};

}  // namespace pgmirror::queue
