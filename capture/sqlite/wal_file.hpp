#pragma once

#include <filesystem>
#include <span>
#include <stdexcept>

#include "capture/sqlite/wal_index.hpp"

namespace pgmirror::capture::sqlite {

/// The file has fewer bytes than the wal-index has frames: somebody who is not SQLite cut it.
class WalCutShort : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The `-wal` file, read only. It carries no locks, so a descriptor of ours does no harm.
///
/// Which frames may be read is said by the wal-index and kept true by WalLocks; this class only knows where they are.
/// Safe for reading from several threads.
class WalFile {
 public:
  static constexpr std::size_t frame_header_size = 24;

  struct FrameHeader {
    PageNumber page = 0;
    PageNumber page_count = 0;  ///< of the database after this commit; 0: not the last frame of a commit
    bool salted = false;        ///< carries the generation's salts; a committed frame without does not survive a crash
  };

  /// Throws std::system_error.
  WalFile(const std::filesystem::path& path, std::size_t page_size);
  ~WalFile();
  WalFile(const WalFile&) = delete;
  WalFile& operator=(const WalFile&) = delete;

  std::size_t page_size() const { return page_size_; }
  std::size_t frame_size() const { return page_size_ + frame_header_size; }
  std::uint64_t file_size() const;
  /// Reads whole frames, header and page each, from `first` on; `out` is a multiple of frame_size(). Throws when the
  /// file ends before.
  void read_frames(FrameNumber first, std::span<std::byte> out) const;
  FrameHeader read_header(FrameNumber frame, std::uint64_t salts) const;
  void read_page(FrameNumber frame, std::span<std::byte> out) const;
  /// How many commits end in frames 1 to `last`.
  std::uint32_t count_commits(FrameNumber last) const;
  /// `salts` as WalState has them.
  static FrameHeader decode_header(std::span<const std::byte> frame, std::uint64_t salts);
  /// False when the path names another file by now.
  bool is_current() const;

 private:
  void read(std::uint64_t offset, std::span<std::byte> out) const;

  std::filesystem::path path_;
  std::size_t page_size_;
  int descriptor_;
};

}  // namespace pgmirror::capture::sqlite
