#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>

#include "capture/sqlite/page_image.hpp"
#include "capture/sqlite/state_file.hpp"

namespace pgmirror::capture::sqlite {

/// `shadow.pages`: two header slots of 4096 bytes, then the pages. A header write goes to the slot that is not the
/// current one, so that a torn write leaves the other; the valid slot with the higher generation counts.
class PageFile {
 public:
  struct Header {
    std::array<std::byte, 16> identity{};
    std::uint64_t generation = 0;      ///< counts the headers written
    std::uint64_t redo_seed = 0;       ///< random; names the records of the redo log that continue this state
    std::uint64_t first_sequence = 0;  ///< when the shadow was made
    std::uint64_t sequence = 0;        ///< state of the pages
    std::uint32_t page_size = 0;
    PageNumber page_count = 0;
  };

  /// Makes an empty file; write_header() must follow the pages.
  static PageFile create(const std::filesystem::path& path);
  /// Throws ShadowUnusable when no header slot is valid or the format is another.
  static PageFile open(const std::filesystem::path& path);

  const Header& header() const { return header_; }
  /// Bytes beyond the end of the file are zero.
  void read(PageNumber number, std::span<std::byte> out) const;
  void write(PageNumber number, std::span<const std::byte> page);
  /// Pages of the header's size, as many as `out` holds.
  void read_run(PageNumber first, std::span<std::byte> out) const;
  /// Before there is a header: `pages` of `page_size` bytes each, on their way to the disk without waiting for it.
  void write_run(PageNumber first, std::size_t page_size, std::span<const std::byte> pages);
  void sync() { file_.sync(); }
  /// Durable on return.
  void write_header(const Header& header);
  /// Cuts the file behind `page_count` pages.
  void cut(PageNumber page_count);

 private:
  explicit PageFile(StateFile file) : file_(std::move(file)) {}

  StateFile file_;
  Header header_;
};

}  // namespace pgmirror::capture::sqlite
