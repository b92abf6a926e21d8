#include "queue/segment_reader.hpp"

#include <array>
#include <utility>

#include "queue/damage.hpp"
#include "queue/read_ahead.hpp"

namespace pgmirror::queue {

namespace {

/// Less than this is asked for without looking at the file's size.
constexpr std::size_t harmless_bytes = std::size_t{1} << 20U;

std::unique_ptr<File> open(const FileSystem& files, const std::filesystem::path& path, SegmentReader::Manner manner) {
  auto file = files.open_for_read(path);
  if (manner == SegmentReader::Manner::anywhere) return file;
  return std::make_unique<ReadAhead>(std::move(file));
}

}  // namespace

SegmentReader::SegmentReader(const FileSystem& files, const std::filesystem::path& path, Manner manner)
    : path_(path), file_(open(files, path, manner)), header_(read_header(*file_, path)) {}

std::optional<BlockHeader> SegmentReader::try_header(const Place& place) const {
  std::array<char, BlockHeader::size> bytes{};
  if (file_->read(place.offset, bytes) != bytes.size()) return std::nullopt;
  auto header = decode(bytes);
  if (!header || header->salt != header_.salt) return std::nullopt;
  if (header->number != place.number || header->previous != place.previous) return std::nullopt;
  return header;
}

bool SegmentReader::try_read_anywhere(std::uint64_t offset, Block& block) const {
  std::array<char, BlockHeader::size> bytes{};
  if (file_->read(offset, bytes) != bytes.size()) return false;
  const auto header = decode(bytes);
  if (!header || header->salt != header_.salt) return false;
  // A length that a crash or a flipped bit made must not make us ask for the memory.
  if (header->total_bytes() > harmless_bytes && header->total_bytes() > file_->size() - offset) return false;
  block.header = *header;
  block.stored.resize(header->total_bytes());
  if (file_->read(offset, {block.stored.data(), block.stored.size()}) != block.stored.size()) return false;
  return checksum_holds(block.stored.bytes());
}

bool SegmentReader::try_read(const Place& place, Block& block) const {
  return try_read_anywhere(place.offset, block) && block.header.number == place.number &&
         block.header.previous == place.previous;
}

BlockHeader SegmentReader::header_at(const Place& place) const {
  auto header = try_header(place);
  if (!header) no_block(place);
  return *header;
}

void SegmentReader::read(const Place& place, Block& block) const {
  if (!try_read(place, block)) no_block(place);
}

void SegmentReader::no_block(const Place& place) const {
  throw Damage(path_, place.offset, "block " + std::to_string(place.number) + " is missing or its checksum is wrong");
}

}  // namespace pgmirror::queue
