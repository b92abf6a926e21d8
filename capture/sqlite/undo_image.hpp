#pragma once

#include <cstdint>
#include <filesystem>
#include <unordered_map>

#include "capture/sqlite/page_image.hpp"
#include "capture/sqlite/state_file.hpp"

namespace pgmirror::capture::sqlite {

class ShadowStore;

/// The shadow as it was when open_image() was called.
///
/// Old pages that the store overwrites meanwhile are kept in an unnamed file in the state directory. Used by one
/// thread, which need not be the store's; each read takes the store's lock.
class UndoImage : public PageImage {
 public:
  ~UndoImage() override;
  UndoImage(const UndoImage&) = delete;
  UndoImage& operator=(const UndoImage&) = delete;

  std::uint64_t sequence() const { return sequence_; }
  std::size_t page_size() const override { return page_size_; }
  PageNumber page_count() const override { return page_count_; }
  void read(PageNumber number, std::span<std::byte> out) const override;
  void read_run(PageNumber first, std::span<std::byte> out) const override;

 private:
  friend class ShadowStore;
  UndoImage(ShadowStore& store, const std::filesystem::path& directory);
  /// Called by the store under its lock, before page `number` changes.
  bool wants(PageNumber number) const;
  void keep(PageNumber number, std::span<const std::byte> content);
  bool read_kept(PageNumber number, std::span<std::byte> out) const;

  ShadowStore& store_;
  std::uint64_t sequence_;
  std::size_t page_size_;
  PageNumber page_count_;
  StateFile file_;
  std::uint64_t end_ = 0;
  std::unordered_map<PageNumber, std::uint64_t> kept_;
};

}  // namespace pgmirror::capture::sqlite
