#include "capture/sqlite/open_store.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sqlite3.h>

#include <thread>

#include "capture/sqlite/source_refused.hpp"

namespace pgmirror::capture::sqlite {
namespace {

constexpr std::chrono::milliseconds reader_patience{5000};
/// Without a WAL writers shut readers out with every commit; asking often finds a gap sooner than SQLite's way of
/// waiting.
constexpr std::chrono::milliseconds journal_patience{0};
constexpr std::chrono::milliseconds checkpointer_patience{0};
constexpr const char* touch = "SELECT count(*) FROM sqlite_schema";

/// SQLite names it after the file itself, not after a symbolic link to it.
std::filesystem::path wal_path(const std::filesystem::path& database) {
  return std::filesystem::canonical(database).string() + "-wal";
}

std::string remedy_for(int code) {
  switch (code & 0xff) {
    case SQLITE_NOTADB:
      return "it is encrypted or not a SQLite database; pgmirror cannot read it";
    case SQLITE_CORRUPT:
      return "it is damaged; restore it from a backup, then run \"pgmirror resync\" if the shadow does not fit";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "another program holds it for itself: a long transaction, which passes, or PRAGMA "
             "locking_mode=EXCLUSIVE, which the application must not use";
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return "its -wal or -shm cannot be opened for writing; run pgmirror as the application's user or group and mount "
             "the "
             "directory writable";
    default:
      return "mend what the message says and start again";
  }
}

[[noreturn]] void refuse(const std::filesystem::path& file, const SqliteError& error) {
  const std::string why =
      fmt::format("sqlite file {}: cannot be read ({}): {}", file.string(), error.what(), remedy_for(error.code()));
  if (error.is_busy()) throw SourceHeld(why);
  throw SourceRefused(why);
}

}  // namespace

OpenStore::Wal::Wal(const std::filesystem::path& database, sqlite3_file* lock_file, std::size_t page_size)
    : index(lock_file), locks(lock_file, index), file(wal_path(database), page_size) {}

OpenStore::OpenStore(const config::SqliteSource& settings) : settings_(settings) {
  check_store_path(settings.file);
  identity_ = file_identity(settings.file);
  try {
    open_connections();
  } catch (const SqliteError& error) {
    refuse(settings.file, error);
  }
}

OpenStore::~OpenStore() = default;

void OpenStore::open_connections() {
  lock_holder_ = std::make_unique<SqliteConnection>(settings_.file, reader_patience);
  StoreHeader header = this->header();
  if (header.file_size == 0) {
    throw SourceRefused(
        fmt::format("sqlite file {}: is empty; let the application create its first table, then start again",
                    settings_.file.string()));
  }
  if (!header.is_database) throw SqliteError(SQLITE_NOTADB, "file is not a database");
  reader_ = std::make_unique<SqliteConnection>(settings_.file, reader_patience);
  checkpointer_ = std::make_unique<SqliteConnection>(settings_.file, checkpointer_patience);
  reader_->execute(touch);
  if (reader_->query("PRAGMA journal_mode") != "wal") {
    if (!settings_.switch_to_wal) return;
    switch_to_wal();
  }
  // A connection that never read does not know yet that there is a WAL, and checkpoints nothing.
  checkpointer_->execute(touch);
  lock_holder_->execute(touch);
  header = this->header();
  wal_ = std::make_unique<Wal>(settings_.file, lock_holder_->file(), header.page_size);
}

void OpenStore::switch_to_wal() {
  if (reader_->query("PRAGMA journal_mode=WAL") != "wal") {
    throw SourceRefused(fmt::format(
        "sqlite file {}: cannot be switched to WAL; close other programs that use it, or set switch_to_wal to false",
        settings_.file.string()));
  }
  spdlog::warn("[SqliteSource] {}: switched to journal_mode=WAL, as capture.sqlite.switch_to_wal allows",
               settings_.file.string());
}

bool OpenStore::is_replaced() const {
  return file_identity(settings_.file) != identity_ || (wal_ && !wal_->file.is_current());
}

WalState OpenStore::wal_state() {
  // A writer changes the header in well under a microsecond; if it died while it did, the next reader recovers.
  for (int attempt = 0; attempt < 1000; ++attempt) {
    if (const auto state = wal_->index.read()) return *state;
    std::this_thread::yield();
    if (attempt % 100 == 99) reader_->execute(touch);
  }
  throw std::runtime_error(fmt::format("sqlite file {}: its wal-index cannot be read", settings_.file.string()));
}

void OpenStore::take_gate() {
  // A slot is held exclusively for an instant only, so one of the four can soon be shared.
  while (wal_->locks.take_gate() == WalLocks::Gate::none) std::this_thread::yield();
  wal_->locks.release_floor();
}

OpenStore::Frozen::Frozen(OpenStore& store) : store_(store) {
  if (store.wal_) store.take_gate();
  store.reader_->set_patience(store.wal_ ? reader_patience : journal_patience);
  store.reader_->execute("BEGIN");
  try {
    store.reader_->execute(touch);
    if (store.wal_) {
      // Any commit from the reader's on may be taken: pages that a checkpoint copies up to the reader's commit are
      // taken from the WAL anyway, later ones are not copied.
      state_ = store.wal_state();
      image_.emplace(store.lock_holder_->file(), store.wal_->file, state_);
    } else {
      image_.emplace(store.lock_holder_->file());
    }
  } catch (...) {
    store.reader_->execute("ROLLBACK");
    throw;
  }
}

OpenStore::Frozen::~Frozen() {
  try {
    store_.reader_->execute("ROLLBACK");
  } catch (const SqliteError& error) {
    // The connection is in no transaction any more, which is what was wanted.
    spdlog::debug("[SqliteSource] end of read transaction: {}", error.what());
  }
}

}  // namespace pgmirror::capture::sqlite
