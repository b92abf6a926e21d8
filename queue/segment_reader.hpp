#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "queue/block.hpp"
#include "queue/file.hpp"
#include "queue/segment_header.hpp"

namespace pgmirror::queue {

/// Reads the blocks of one segment file. Any number of readers may read a file that is being written.
class SegmentReader {
 public:
  /// A place between two blocks, and what the next block must say to be the next.
  struct Place {
    std::uint64_t offset = 0;
    std::uint32_t number = 0;
    std::uint64_t previous = 0;
  };

  enum class Manner {
    anywhere,
    in_order,  ///< one thread, from its start to its end, while nobody writes it: no call of the system for each block
  };

  /// Opens and checks the header; throws QueueRefused, Damage, std::system_error.
  SegmentReader(const FileSystem& files, const std::filesystem::path& path, Manner manner = Manner::anywhere);

  const SegmentHeader& header() const { return header_; }
  const std::filesystem::path& path() const { return path_; }
  std::uint64_t file_bytes() const { return file_->size(); }
  Place start() const { return {header_.bytes, 0, header_.checksum}; }
  static Place after(const Place& place, const BlockHeader& block) {
    return {place.offset + block.total_bytes(), place.number + 1, block.checksum};
  }

  /// The header of the block at a place, without its records; nothing if there is no such block.
  std::optional<BlockHeader> try_header(const Place& place) const;
  /// The whole block, checksum checked, not decompressed; false if there is no such block.
  bool try_read(const Place& place, Block& block) const;

  /// As above, for places where a block must be: throw Damage.
  BlockHeader header_at(const Place& place) const;
  void read(const Place& place, Block& block) const;

  /// The checksummed block that starts at `offset`, whatever its place in the chain; false if there is none.
  bool try_read_anywhere(std::uint64_t offset, Block& block) const;

  const File& file() const { return *file_; }

 private:
  [[noreturn]] void no_block(const Place& place) const;

  std::filesystem::path path_;
  std::unique_ptr<File> file_;
  SegmentHeader header_;
};

}  // namespace pgmirror::queue
