#include "capture/sqlite/database_image.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "capture/sqlite/sqlite_connection.hpp"

namespace pgmirror::capture::sqlite {
namespace {

/// Bytes behind the end of the file are zero.
void read_file(sqlite3_file* file, std::uint64_t offset, std::span<std::byte> out) {
  const int result =
      file->pMethods->xRead(file, out.data(), static_cast<int>(out.size()), static_cast<sqlite3_int64>(offset));
  if (result != SQLITE_OK && result != SQLITE_IOERR_SHORT_READ)
    throw SqliteError(result, "cannot read the database file");
}

std::uint64_t file_size(sqlite3_file* file) {
  sqlite3_int64 size = 0;
  if (const int result = file->pMethods->xFileSize(file, &size); result != SQLITE_OK) {
    throw SqliteError(result, "cannot read the size of the database file");
  }
  return static_cast<std::uint64_t>(size);
}

}  // namespace

StoreHeader read_database_header(sqlite3_file* file) {
  std::array<std::byte, 100> bytes{};
  read_file(file, 0, bytes);
  static constexpr char magic[] = "SQLite format 3";
  StoreHeader header;
  header.is_database = std::memcmp(bytes.data(), magic, sizeof magic) == 0;
  header.is_wal = bytes[18] == std::byte{2} && bytes[19] == std::byte{2};
  header.page_size = std::to_integer<std::size_t>(bytes[16]) << 8U | std::to_integer<std::size_t>(bytes[17]);
  if (header.page_size == 1) header.page_size = 65536;
  for (std::size_t byte = 24; byte < 28; ++byte) {
    header.change_counter = header.change_counter << 8U | std::to_integer<std::uint32_t>(bytes[byte]);
  }
  header.file_size = file_size(file);
  return header;
}

DatabaseImage::DatabaseImage(sqlite3_file* file) : file_(file) {
  const StoreHeader header = read_database_header(file);
  if (!header.is_database) throw SqliteError(SQLITE_NOTADB, "file is not a database");
  page_size_ = header.page_size;
  page_count_ = static_cast<PageNumber>((header.file_size + page_size_ - 1) / page_size_);
}

DatabaseImage::DatabaseImage(sqlite3_file* file, const WalFile& wal, const WalState& state)
    : file_(file), wal_(&wal), page_size_(wal.page_size()), page_count_(state.page_count) {
  if (page_count_ == 0) page_count_ = static_cast<PageNumber>((file_size(file) + page_size_ - 1) / page_size_);
  frames_.reserve(state.last_frame);
  for (FrameNumber frame = 1; frame <= state.last_frame; ++frame) {
    frames_.emplace_back(wal.read_header(frame, state.salts).page, frame);
  }
  std::sort(frames_.begin(), frames_.end());
  // Of the versions of a page the last one counts: keep the last of each run.
  const auto kept = std::unique(frames_.rbegin(), frames_.rend(),
                                [](const auto& left, const auto& right) { return left.first == right.first; });
  frames_.erase(frames_.begin(), kept.base());
}

void DatabaseImage::read(PageNumber number, std::span<std::byte> out) const {
  const auto found = std::lower_bound(frames_.begin(), frames_.end(), std::pair<PageNumber, FrameNumber>{number, 0});
  if (found != frames_.end() && found->first == number) {
    wal_->read_page(found->second, out);
  } else {
    read_file(file_, std::uint64_t{number - 1} * page_size_, out);
  }
}

void DatabaseImage::read_run(PageNumber first, std::span<std::byte> out) const {
  read_file(file_, std::uint64_t{first - 1} * page_size_, out);
  const PageNumber end = first + static_cast<PageNumber>(out.size() / page_size_);
  auto frame = std::lower_bound(frames_.begin(), frames_.end(), std::pair<PageNumber, FrameNumber>{first, 0});
  for (; frame != frames_.end() && frame->first < end; ++frame) {
    wal_->read_page(frame->second, out.subspan((frame->first - first) * page_size_, page_size_));
  }
}

}  // namespace pgmirror::capture::sqlite
