#pragma once

#include "queue/block.hpp"

struct ZSTD_DCtx_s;

namespace pgmirror::queue {

/// Decompresses the records of blocks. Not for two threads at once.
class BlockDecompressor {
 public:
  BlockDecompressor();
  ~BlockDecompressor();
  BlockDecompressor(const BlockDecompressor&) = delete;
  BlockDecompressor& operator=(const BlockDecompressor&) = delete;

  /// Makes block.records() valid. Throws wire::Malformed.
  void decompress(Block& block);

 private:
  ZSTD_DCtx_s* context_;
};

}  // namespace pgmirror::queue
