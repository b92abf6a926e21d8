#include "capture/sqlite/page_file.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "capture/sqlite/source_refused.hpp"

namespace pgmirror::capture::sqlite {
namespace {

constexpr std::uint64_t slot_size = 4096;
constexpr std::uint64_t pages_offset = 2 * slot_size;
constexpr std::uint64_t magic = 0x31776f64616873ULL;  // "shadow1"

/// As it lies on disk, in the byte order of the machine: a state directory does not move between machines.
struct Slot {
  std::uint64_t magic = 0;
  std::array<std::byte, 16> identity{};
  std::uint64_t generation = 0;
  std::uint64_t redo_seed = 0;
  std::uint64_t first_sequence = 0;
  std::uint64_t sequence = 0;
  std::uint32_t page_size = 0;
  std::uint32_t page_count = 0;
  std::uint64_t checksum = 0;
};

std::uint64_t checksum_of(const Slot& slot) { return XXH64(&slot, offsetof(Slot, checksum), magic); }

std::optional<PageFile::Header> read_slot(const StateFile& file, std::uint64_t offset) {
  Slot slot;
  const std::size_t count = file.read(offset, std::as_writable_bytes(std::span(&slot, 1)));
  if (count != sizeof slot || slot.magic != magic || slot.checksum != checksum_of(slot)) return std::nullopt;
  return PageFile::Header{slot.identity, slot.generation, slot.redo_seed, slot.first_sequence,
                          slot.sequence, slot.page_size,  slot.page_count};
}

std::uint64_t offset_of(PageNumber number, std::uint32_t page_size) {
  return pages_offset + std::uint64_t{number - 1} * page_size;
}

}  // namespace

PageFile PageFile::create(const std::filesystem::path& path) { return PageFile(StateFile::create(path)); }

PageFile PageFile::open(const std::filesystem::path& path) {
  PageFile file(StateFile::open(path));
  const auto first = read_slot(file.file_, 0);
  const auto second = read_slot(file.file_, slot_size);
  if (!first && !second) {
    throw ShadowUnusable(
        fmt::format("shadow {}: header is damaged or of another version; run \"pgmirror resync\"", path.string()));
  }
  file.header_ = (first && (!second || first->generation > second->generation)) ? *first : *second;
  return file;
}

void PageFile::read(PageNumber number, std::span<std::byte> out) const { read_run(number, out); }

void PageFile::read_run(PageNumber first, std::span<std::byte> out) const {
  const std::size_t count = file_.read(offset_of(first, header_.page_size), out);
  std::fill(out.begin() + static_cast<std::ptrdiff_t>(count), out.end(), std::byte{0});
}

void PageFile::write_run(PageNumber first, std::size_t page_size, std::span<const std::byte> pages) {
  const std::uint64_t offset = offset_of(first, static_cast<std::uint32_t>(page_size));
  file_.write(offset, pages);
  file_.begin_sync(offset, pages.size());
}

void PageFile::write(PageNumber number, std::span<const std::byte> page) {
  file_.write(offset_of(number, static_cast<std::uint32_t>(page.size())), page);
}

void PageFile::write_header(const Header& header) {
  Slot slot{.magic = magic,
            .identity = header.identity,
            .generation = header.generation,
            .redo_seed = header.redo_seed,
            .first_sequence = header.first_sequence,
            .sequence = header.sequence,
            .page_size = header.page_size,
            .page_count = header.page_count,
            .checksum = 0};
  slot.checksum = checksum_of(slot);
  file_.write((header.generation % 2) * slot_size, std::as_bytes(std::span(&slot, 1)));
  file_.sync();
  header_ = header;
}

void PageFile::cut(PageNumber page_count) {
  const std::uint64_t end = offset_of(page_count + 1, header_.page_size);
  if (file_.size() > end) file_.truncate(end);
}

}  // namespace pgmirror::capture::sqlite
