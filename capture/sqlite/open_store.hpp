#pragma once

#include <memory>
#include <optional>

#include "capture/sqlite/database_image.hpp"
#include "capture/sqlite/sqlite_connection.hpp"
#include "capture/sqlite/store_file.hpp"
#include "capture/sqlite/wal_file.hpp"
#include "capture/sqlite/wal_index.hpp"
#include "capture/sqlite/wal_locks.hpp"
#include "config/config.hpp"

namespace pgmirror::capture::sqlite {

/// The application's file as it is open at the moment: connections, and for a store in WAL mode what is read besides
/// SQL.
///
/// One connection only lends its file handle to WalLocks, one reads, one checkpoints. Used by one thread at a time.
class OpenStore {
 public:
  struct Wal {
    Wal(const std::filesystem::path& database, sqlite3_file* lock_file, std::size_t page_size);
    WalIndex index;
    WalLocks locks;
    WalFile file;
  };

  /// Throws SourceRefused.
  explicit OpenStore(const config::SqliteSource& settings);
  ~OpenStore();
  OpenStore(const OpenStore&) = delete;
  OpenStore& operator=(const OpenStore&) = delete;

  /// Empty: the store is in a rollback-journal mode.
  Wal* wal() { return wal_.get(); }
  SqliteConnection& reader() { return *reader_; }
  SqliteConnection& checkpointer() { return *checkpointer_; }
  StoreHeader header() const { return read_database_header(lock_holder_->file()); }
  /// The path names another file by now, or its WAL was taken away.
  bool is_replaced() const;
  /// One header look that waits for a writer to finish. Throws std::runtime_error when the wal-index stays unreadable.
  WalState wal_state();

  /// The whole database while it stays as it is: nothing that belongs to a later commit reaches the file. Writers in
  /// WAL mode go on; in rollback mode they wait. In WAL mode the gate is held from then on, and still after this object
  /// died.
  class Frozen {
   public:
    explicit Frozen(OpenStore& store);
    ~Frozen();
    Frozen(const Frozen&) = delete;
    Frozen& operator=(const Frozen&) = delete;
    const DatabaseImage& image() const { return *image_; }
    /// In WAL mode: the commit that the image is of.
    const WalState& state() const { return state_; }

   private:
    OpenStore& store_;
    WalState state_{};
    std::optional<DatabaseImage> image_;
  };

 private:
  void open_connections();
  void take_gate();
  void switch_to_wal();

  config::SqliteSource settings_;
  FileIdentity identity_;
  std::unique_ptr<SqliteConnection> lock_holder_;
  std::unique_ptr<SqliteConnection> reader_;
  std::unique_ptr<SqliteConnection> checkpointer_;
  std::unique_ptr<Wal> wal_;
};

}  // namespace pgmirror::capture::sqlite
