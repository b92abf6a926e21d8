#include "queue/block_decompressor.hpp"

#include <zstd.h>

#include <new>

#include "queue/wire.hpp"

namespace pgmirror::queue {

BlockDecompressor::BlockDecompressor() : context_(ZSTD_createDCtx()) {
  if (context_ == nullptr) throw std::bad_alloc();
}

BlockDecompressor::~BlockDecompressor() { ZSTD_freeDCtx(context_); }

void BlockDecompressor::decompress(Block& block) {
  const auto stored = block.stored.view().substr(BlockHeader::size);
  if (!block.header.compressed) {
    if (stored.size() != block.header.raw_bytes) throw wire::Malformed("a block's lengths contradict each other");
    return;
  }
  // The frame says the length too: a block that claims more than it holds must not get the memory.
  if (ZSTD_getFrameContentSize(stored.data(), stored.size()) != block.header.raw_bytes) {
    throw wire::Malformed("a block's lengths contradict each other");
  }
  block.raw.resize(block.header.raw_bytes);
  const auto size = ZSTD_decompressDCtx(context_, block.raw.data(), block.raw.size(), stored.data(), stored.size());
  if (ZSTD_isError(size) != 0 || size != block.raw.size()) throw wire::Malformed("a block cannot be decompressed");
}

}  // namespace pgmirror::queue
