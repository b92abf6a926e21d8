#include "capture/sqlite/wal_locks.hpp"

#include <sqlite3.h>

#include "capture/sqlite/sqlite_connection.hpp"

namespace pgmirror::capture::sqlite {
namespace {

constexpr int read_lock(int slot) { return 3 + slot; }
constexpr int last_slot = WalIndex::read_mark_count - 1;

}  // namespace

WalLocks::~WalLocks() { release_all(); }

void WalLocks::release_all() {
  release_pin();
  release_gate();
  release_floor();
}

bool WalLocks::lock(int index, int flags) {
  const int result = file_->pMethods->xShmLock(file_, index, 1, SQLITE_SHM_LOCK | flags);
  if (result == SQLITE_OK) return true;
  if ((result & 0xff) == SQLITE_BUSY) return false;
  throw SqliteError(result, "cannot lock the wal-index");
}

void WalLocks::unlock(int index, int flags) { file_->pMethods->xShmLock(file_, index, 1, SQLITE_SHM_UNLOCK | flags); }

bool WalLocks::share_unused_slot(int slot) {
  if (!lock(read_lock(slot), SQLITE_SHM_SHARED)) return false;
  // Marks change only under the exclusive lock, so what is seen now stays while we share it.
  if (index_.read_mark(slot) == WalIndex::mark_not_used) return true;
  unlock(read_lock(slot), SQLITE_SHM_SHARED);
  return false;
}

bool WalLocks::set_mark(int slot, std::uint32_t mark) {
  if (!lock(read_lock(slot), SQLITE_SHM_EXCLUSIVE)) return false;
  // Nobody reads through this slot. Readers set marks in the same way, and checkpoints clear stale ones.
  index_.set_read_mark(slot, mark);
  unlock(read_lock(slot), SQLITE_SHM_EXCLUSIVE);
  return true;
}

WalLocks::Gate WalLocks::take_gate() {
  if (gate_ == Gate::free) return gate_;
  const int limiting_slot = gate_ == Gate::limiting ? gate_slot_ : 0;
  // From the last slot down: readers look for a free slot from the first one up. Slot 1 is left to them.
  for (int slot = last_slot; slot > 1; --slot) {
    if (slot == limiting_slot || slot == pin_slot_) continue;
    if (share_unused_slot(slot) || (set_mark(slot, WalIndex::mark_not_used) && share_unused_slot(slot))) {
      if (limiting_slot != 0) unlock(read_lock(limiting_slot), SQLITE_SHM_SHARED);
      gate_slot_ = slot;
      return gate_ = Gate::free;
    }
  }
  for (int slot = last_slot; slot > 0 && gate_ == Gate::none; --slot) {
    if (!lock(read_lock(slot), SQLITE_SHM_SHARED)) continue;
    gate_slot_ = slot;
    gate_ = Gate::limiting;
  }
  return gate_;
}

void WalLocks::release_gate() {
  if (gate_ == Gate::none) return;
  unlock(read_lock(gate_slot_), SQLITE_SHM_SHARED);
  gate_ = Gate::none;
}

bool WalLocks::take_pin(FrameNumber mark) {
  for (int slot = last_slot; slot > 1 && pin_slot_ == 0; --slot) {
    if (slot == gate_slot_ && gate_ != Gate::none) continue;
    if (!set_mark(slot, mark) || !lock(read_lock(slot), SQLITE_SHM_SHARED)) continue;
    // Had somebody else set the mark in between, it would still be one of a committed frame, and shared by us.
    pin_slot_ = slot;
  }
  return pin_slot_ != 0;
}

void WalLocks::release_pin() {
  if (pin_slot_ == 0) return;
  unlock(read_lock(pin_slot_), SQLITE_SHM_SHARED);
  pin_slot_ = 0;
}

bool WalLocks::take_floor() {
  if (!floor_) floor_ = lock(read_lock(0), SQLITE_SHM_SHARED);
  return floor_;
}

void WalLocks::release_floor() {
  if (!floor_) return;
  unlock(read_lock(0), SQLITE_SHM_SHARED);
  floor_ = false;
}

}  // namespace pgmirror::capture::sqlite
