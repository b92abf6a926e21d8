#pragma once

#include <array>

#include "capture/sqlite/wal_index.hpp"

struct sqlite3_file;

namespace pgmirror::capture::sqlite {

/// The two locks that keep the WAL readable for us and never make the application wait.
///
/// SQLite's rules (walformat.html and wal.c): a checkpoint copies no frame beyond a read mark whose READ lock somebody
/// shares, and needs READ(0) exclusively while it copies; a writer resets the WAL only when all of it is copied back,
/// and with READ(1) to READ(4) exclusively; a TRUNCATE checkpoint takes the same four.
///
/// - The *gate* shares a READ(1..4) lock whose mark is READMARK_NOT_USED. That mark is above every frame, so it limits
/// no
///   checkpoint, but nobody can reset the WAL. While it is held every committed frame of this generation can be read.
/// - The *floor* shares READ(0). Nothing is copied into the database file, so a generation that is not copied back
///   entirely cannot be reset; and once a reset has happened, the new generation cannot be reset again.
///
/// The gate is held as a rule: the application checkpoints when it likes. When everything is copied back and read by
/// us, the floor is taken, that state is looked at again, and the gate is released: the application's next commit
/// resets the WAL. When the new generation is seen, the gate is taken and then the floor released. At every moment one
/// of the two is held, so no frame is lost, and no write lock is ever taken.
///
/// A reset that happens while a checkpoint runs is what the corruption bug of SQLite 3.7.0 to 3.51.2 needs; under the
/// gate there is none, so checkpoints of ours are made only under it.
///
/// The locks belong to the database file of one connection, which must have been used once for reading and never again
/// while they are held. One thread.
class WalLocks {
 public:
  WalLocks(sqlite3_file* file, WalIndex& index) : file_(file), index_(index) {}
  ~WalLocks();
  WalLocks(const WalLocks&) = delete;
  WalLocks& operator=(const WalLocks&) = delete;

  /// Outcome of taking the gate. `limiting`: every slot is in use by long readers, so one of theirs is shared; WAL and
  /// unread frames are as safe, but checkpoints stop at that reader's mark while we hold it.
  enum class Gate { free, limiting, none };
  Gate take_gate();
  void release_gate();
  Gate gate() const { return gate_; }

  /// False while a checkpoint is copying.
  bool take_floor();
  void release_floor();
  bool has_floor() const { return floor_; }

 private:
  bool lock(int index, int flags);
  void unlock(int index, int flags);
  bool share_unused_slot(int slot);
  bool clear_mark(int slot);

  sqlite3_file* file_;
  WalIndex& index_;
  Gate gate_ = Gate::none;
  int gate_slot_ = 0;
  bool floor_ = false;
};

}  // namespace pgmirror::capture::sqlite
