#pragma once

#include <array>

#include "capture/sqlite/wal_index.hpp"

struct sqlite3_file;

namespace pgmirror::capture::sqlite {

/// The locks that keep the WAL readable for us and never make the application wait.
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
/// resets the WAL. When the new generation is seen, the gate is taken and then the floor released. So one of the two is
/// held at every moment, no frame is lost, and no write lock is ever taken.
///
/// An application that commits without a pause leaves some ten microseconds between the end of its checkpoint and the
/// next commit. On a busy machine the floor comes too late for that, and then two more things help:
///
/// - The *pin* shares another READ(1..4) lock, with a mark at what is copied back already. Checkpoints find nothing to
/// do and return at once. When the application committed before the floor could be taken, it would checkpoint (two
/// syncs) with every commit until the next attempt; with the pin it goes on at full speed until its WAL is long enough
/// for a checkpoint to be worth its price again.
/// - The gate is released while the checkpoint still copies, the floor taken as soon as that ends. What could be lost
/// between the two needs a second whole checkpoint and a reset in that time, and is found out: the wal-index counts
/// commits. Then the whole file is compared, as after every gap.
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

  /// Checkpoints stop at frame `mark`, which must be committed. False when no slot could be had.
  bool take_pin(FrameNumber mark);
  void release_pin();
  bool has_pin() const { return pin_slot_ != 0; }

  /// False while a checkpoint is copying.
  bool take_floor();
  void release_floor();
  bool has_floor() const { return floor_; }
  void release_all();

 private:
  bool lock(int index, int flags);
  void unlock(int index, int flags);
  bool share_unused_slot(int slot);
  bool set_mark(int slot, std::uint32_t mark);

  sqlite3_file* file_;
  WalIndex& index_;
  Gate gate_ = Gate::none;
  int gate_slot_ = 0;
  int pin_slot_ = 0;
  bool floor_ = false;
};

}  // namespace pgmirror::capture::sqlite
