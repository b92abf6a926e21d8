#pragma once

#include <cstdint>
#include <optional>

#include "capture/sqlite/page_image.hpp"

struct sqlite3_file;

namespace pgmirror::capture::sqlite {

/// Number of a frame in the WAL, from 1.
using FrameNumber = std::uint32_t;

/// One consistent look at the header of the wal-index (sqlite.org/walformat.html).
struct WalState {
  std::uint64_t salts = 0;      ///< the generation of the WAL: changes with each reset
  FrameNumber last_frame = 0;   ///< mxFrame: the last committed frame
  std::uint32_t commits = 0;    ///< iChange: goes up by one with each commit, resets or not
  FrameNumber backfilled = 0;   ///< nBackfill: frames that are copied into the database file
  PageNumber page_count = 0;    ///< of the database as of last_frame; undefined when last_frame is 0
  std::uint32_t page_size = 0;  ///< undefined when last_frame is 0
  bool operator==(const WalState&) const = default;
};

/// The shared memory that SQLite maps for a database in WAL mode, through the mapping of one of our connections.
///
/// mxFrame, not the frame checksums, says what is committed: libraries in use leave committed frames with broken
/// checksums behind (a transaction that spilled and rolled a savepoint back).
class WalIndex {
 public:
  static constexpr int read_mark_count = 5;
  static constexpr std::uint32_t mark_not_used = 0xffffffff;

  /// `file` is the database file of a connection that is in WAL mode and has read once. Dies with that connection.
  explicit WalIndex(sqlite3_file* file);

  /// Empty when a writer is changing the header just now, or died while it did.
  std::optional<WalState> read() const;
  std::uint32_t read_mark(int slot) const;
  /// Only under the EXCLUSIVE lock of the slot.
  void set_read_mark(int slot, std::uint32_t mark);

 private:
  volatile std::uint32_t* words_;
};

}  // namespace pgmirror::capture::sqlite
