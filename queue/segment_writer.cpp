#include "queue/segment_writer.hpp"

#include <algorithm>
#include <array>

namespace pgmirror::queue {
namespace {

constexpr const char* unfinished_name = "next.tmp";

// A sync that does not change the file's size takes half the time, but writing zeros first doubles the bytes: it pays
// for small blocks, which come with a sync each, and not for large ones.
constexpr std::uint64_t small_block = std::uint64_t{64} << 10U;
constexpr std::uint64_t room_ahead = std::uint64_t{1} << 20U;

}  // namespace

std::unique_ptr<SegmentWriter> SegmentWriter::create(FileSystem& files, const std::filesystem::path& directory,
                                                     SegmentHeader header, std::uint64_t planned_bytes) {
  auto file = files.create(directory / unfinished_name);
  write_header(*file, header);
  file->sync();
  files.rename(directory / unfinished_name, directory / segment_file_name(header.sequence));
  files.sync_directory(directory);
  SegmentTail tail;
  tail.end = {header.bytes, 0, header.checksum};
  return std::make_unique<SegmentWriter>(std::move(file), header, tail, planned_bytes);
}

SegmentWriter::SegmentWriter(std::unique_ptr<File> file, const SegmentHeader& header, const SegmentTail& tail,
                             std::uint64_t planned_bytes)
    : file_(std::move(file)),
      header_(header),
      end_(tail.end),
      totals_(tail.totals),
      synced_through_(tail.end.offset),
      file_bytes_(file_->size()),
      planned_bytes_(planned_bytes) {}

void SegmentWriter::make_room(std::uint64_t bytes) {
  static constexpr std::array<char, room_ahead> zeros{};
  const auto wanted = end_.offset + bytes;
  if (wanted <= file_bytes_ || bytes > small_block || wanted >= planned_bytes_) return;
  const auto room = std::min(room_ahead, planned_bytes_ - file_bytes_);
  file_->write(file_bytes_, std::span(zeros).first(room));
  file_bytes_ += room;
}

void SegmentWriter::append(BlockHeader& header, ByteBuffer& block) {
  header.salt = header_.salt;
  header.previous = end_.previous;
  header.number = end_.number;
  header.synced_through = synced_through_;
  header.stored_bytes = static_cast<std::uint32_t>(block.size() - BlockHeader::size);
  encode(header, {block.data(), block.size()});
  make_room(block.size());
  file_->write(end_.offset, block.bytes());
  end_ = SegmentReader::after(end_, header);
  file_bytes_ = std::max(file_bytes_, end_.offset);
  if (header.kind == BlockKind::records) totals_.count(header);
}

void SegmentWriter::sync() {
  if (synced_through_ == end_.offset) return;
  file_->sync();
  synced_through_ = end_.offset;
}

std::uint64_t SegmentWriter::seal(const BlockHeader& like) {
  BlockHeader header;
  header.kind = BlockKind::seal;
  header.raw_bytes = seal_bytes;
  header.last = like.last;
  header.last_time = like.last_time;
  header.open = like.open;
  header.open_at_end = like.open_at_start();
  ByteBuffer block;
  block.resize(BlockHeader::size);
  append_seal(block, totals_);
  append(header, block);
  file_->truncate(end_.offset);
  file_bytes_ = end_.offset;
  sync();
  return header.checksum;
}

}  // namespace pgmirror::queue
