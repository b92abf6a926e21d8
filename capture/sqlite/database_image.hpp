#pragma once

#include <utility>
#include <vector>

#include "capture/sqlite/wal_file.hpp"

struct sqlite3_file;

namespace pgmirror::capture::sqlite {

/// The whole database as of one commit: the database file with the frames of the WAL up to that commit on top.
///
/// Valid as long as a read transaction that began at that commit or before keeps later frames out of the database file
/// (or, without a WAL, keeps writers out), and the WAL is not reset.
class DatabaseImage : public PageImage {
 public:
  /// Without a WAL: what is in the file. Throws SqliteError.
  explicit DatabaseImage(sqlite3_file* file);
  DatabaseImage(sqlite3_file* file, const WalFile& wal, const WalState& state);

  std::size_t page_size() const override { return page_size_; }
  PageNumber page_count() const override { return page_count_; }
  void read(PageNumber number, std::span<std::byte> out) const override;
  void read_run(PageNumber first, std::span<std::byte> out) const override;

 private:
  sqlite3_file* file_;
  const WalFile* wal_ = nullptr;
  std::size_t page_size_;
  PageNumber page_count_;
  /// Last version of each page in the WAL, by page number.
  std::vector<std::pair<PageNumber, FrameNumber>> frames_;
};

/// Page size and first bytes of a database file.
struct StoreHeader {
  bool is_database = false;  ///< begins as the file format asks
  bool is_wal = false;
  std::size_t page_size = 0;
  std::uint32_t change_counter = 0;
  std::uint64_t file_size = 0;
  bool operator==(const StoreHeader&) const = default;
};
StoreHeader read_database_header(sqlite3_file* file);

}  // namespace pgmirror::capture::sqlite
