#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "queue/byte_buffer.hpp"
#include "queue/segment_header.hpp"
#include "queue/segment_scan.hpp"

namespace pgmirror::queue {

/// Appends blocks to the newest segment. A failed append or seal may be tried again: it starts at the same offset.
class SegmentWriter {
 public:
  /// Makes the segment after `directory` under its name, header durable. Throws std::system_error, FsyncError.
  static std::unique_ptr<SegmentWriter> create(FileSystem& files, const std::filesystem::path& directory,
                                               SegmentHeader header, std::uint64_t planned_bytes);

  /// Goes on behind `tail`, all of which is durable.
  SegmentWriter(std::unique_ptr<File> file, const SegmentHeader& header, const SegmentTail& tail,
                std::uint64_t planned_bytes);

  const SegmentHeader& header() const { return header_; }
  std::uint64_t sequence() const { return header_.sequence; }
  std::uint64_t end() const { return end_.offset; }
  std::uint64_t file_bytes() const { return file_bytes_; }

  /// Writes a block: completes `header` and lays it out in the first BlockHeader::size bytes of `block`; the stored
  /// bytes follow there already.
  void append(BlockHeader& header, ByteBuffer& block);

  /// Everything appended is durable on return.
  void sync();

  /// Ends the segment, durably; the result is the checksum for the successor's header. Of `like` position, time and
  /// open transaction are taken.
  std::uint64_t seal(const BlockHeader& like);

 private:
  void make_room(std::uint64_t bytes);

  std::unique_ptr<File> file_;
  SegmentHeader header_;
  SegmentReader::Place end_;
  SegmentTotals totals_;
  std::uint64_t synced_through_;
  std::uint64_t file_bytes_;
  std::uint64_t planned_bytes_;
};

}  // namespace pgmirror::queue
