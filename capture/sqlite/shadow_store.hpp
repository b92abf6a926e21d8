#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "capture/sqlite/page_cache.hpp"
#include "capture/sqlite/page_file.hpp"
#include "capture/sqlite/page_image.hpp"
#include "capture/sqlite/redo_log.hpp"

namespace pgmirror::capture::sqlite {

class UndoImage;

/// The pages of the database as of the last captured commit, kept in the state directory.
///
/// Two files: `shadow.pages` holds every page as of the last shadow checkpoint, `shadow.redo` what was captured since.
/// A page reaches the page file only when its redo record and the queue's record of the same transaction are durable,
/// so that after a crash the shadow can be brought to the queue's last durable commit exactly, neither before nor after
/// it. The order of one group of transactions is therefore: apply()..., sync(), TransactionWriter::sync(), settle();
/// and sync() comes also before the queue writes any commit on the way (TransactionWriter::before_commits_are_written).
///
/// One thread writes (apply, sync, settle); images may be read and opened from any thread. Memory is bounded by the
/// page cache. Files are 0600. A failed write or sync throws and leaves the store unusable: the process must end.
class ShadowStore : public PageImage {
 public:
  struct Limits {
    std::size_t cache_bytes = std::size_t{32} << 20U;
    std::size_t dirty_bytes = std::size_t{12} << 20U;  ///< more unflushed pages: shadow checkpoint
    std::uint64_t redo_bytes = std::uint64_t{48} << 20U;
    std::size_t group_bytes = std::size_t{8} << 20U;  ///< a transaction with more page bytes is streamed, not cached
  };

  static bool exists(const std::filesystem::path& directory);
  /// Makes a shadow with a new identity from `image`, at sequence 1, durable on return; replaces what is there.
  static void create(const std::filesystem::path& directory, const PageImage& image);

  /// Takes back create(): the image was of no use.
  static void discard(const std::filesystem::path& directory);

  /// Makes the pages of a shadow that continues this one as of `sequence`, with another page size; durable on return.
  /// All that was applied must be settled. A store that is opened with the queue's end at `sequence` takes them in
  /// place of the present ones, at another end it drops them. Images that are open keep the present ones.
  void make_successor(const PageImage& image, std::uint64_t sequence) const;

  /// Opens the shadow and brings it to `queue_end` (at least its first sequence) exactly; 0: there is no queue. Throws
  /// ShadowUnusable when that is impossible.
  ShadowStore(const std::filesystem::path& directory, std::uint64_t queue_end, Limits limits);
  ShadowStore(const std::filesystem::path& directory, std::uint64_t queue_end);
  ~ShadowStore() override;
  ShadowStore(const ShadowStore&) = delete;
  ShadowStore& operator=(const ShadowStore&) = delete;

  const std::string& identity() const { return identity_; }  ///< 32 hexadecimal digits
  std::uint64_t sequence() const;
  const Limits& limits() const { return limits_; }

  std::size_t page_size() const override { return page_size_; }
  PageNumber page_count() const override;
  void read(PageNumber number, std::span<std::byte> out) const override;
  void read_run(PageNumber first, std::span<std::byte> out) const override;

  /// Takes over the pages of one transaction from `after`, which must not read them from this store; `changed` ascends.
  /// `sequence` is the transaction's position, or the present one when it changed nothing visible. Not durable before
  /// sync().
  void apply(const PageImage& after, std::span<const PageNumber> changed, std::uint64_t sequence);
  /// True when apply() of so many pages needs a settle() first.
  bool needs_settling(std::size_t pages) const;
  /// Makes the redo records of everything applied durable.
  void sync();
  /// Says that the queue, too, is durable up to here. Writes pages to the page file when there are many.
  void settle();

  /// The pages as they are now, kept while the store moves on. Must die before the store. Any thread.
  std::unique_ptr<UndoImage> open_image();

 private:
  friend class UndoImage;

  void recover(std::uint64_t queue_end);
  enum class Remember : bool { no, yes };
  void read_locked(PageNumber number, std::span<std::byte> out, Remember remember) const;
  void read_run_locked(PageNumber first, std::span<std::byte> out) const;
  bool read_streamed(PageNumber number, std::span<std::byte> out) const;
  void keep_for_images(PageNumber number);
  void apply_cached(const PageImage& after, std::span<const PageNumber> changed);
  void apply_streamed(const PageImage& after, std::span<const PageNumber> changed);
  void checkpoint();

  void forget_image(UndoImage* image);

  Limits limits_;
  mutable std::mutex mutex_;
  PageFile pages_;
  RedoLog redo_;
  mutable PageCache cache_;
  std::string identity_;
  std::size_t page_size_ = 0;
  PageNumber page_count_ = 0;
  std::uint64_t sequence_ = 0;
  bool settled_ = true;
  bool synced_ = true;
  std::filesystem::path directory_;
  /// Pages of a streamed transaction, ascending: their content is in the redo log from streamed_offset_ on.
  std::vector<PageNumber> streamed_;
  std::uint64_t streamed_offset_ = 0;
  std::vector<UndoImage*> images_;
  std::vector<std::byte> old_page_;
  std::vector<std::byte> new_page_;
  std::vector<std::byte> delta_;
};

}  // namespace pgmirror::capture::sqlite
