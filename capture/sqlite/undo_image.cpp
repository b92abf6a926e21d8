#include "capture/sqlite/undo_image.hpp"

#include <mutex>
#include <stdexcept>

#include "capture/sqlite/shadow_store.hpp"

namespace pgmirror::capture::sqlite {

UndoImage::UndoImage(ShadowStore& store, const std::filesystem::path& directory)
    : store_(store),
      sequence_(store.sequence_),
      page_size_(store.page_size_),
      page_count_(store.page_count_),
      file_(StateFile::unnamed(directory)) {}

UndoImage::~UndoImage() { store_.forget_image(this); }

bool UndoImage::wants(PageNumber number) const { return number <= page_count_ && !kept_.contains(number); }

void UndoImage::keep(PageNumber number, std::span<const std::byte> content) {
  file_.write(end_, content);
  kept_[number] = end_;
  end_ += content.size();
}

bool UndoImage::read_kept(PageNumber number, std::span<std::byte> out) const {
  const auto found = kept_.find(number);
  if (found == kept_.end()) return false;
  if (file_.read(found->second, out) != out.size()) {
    throw std::runtime_error("snapshot: undo file ends before a page it holds");
  }
  return true;
}

void UndoImage::read(PageNumber number, std::span<std::byte> out) const {
  const std::lock_guard lock(store_.mutex_);
  if (!read_kept(number, out)) store_.read_locked(number, out, ShadowStore::Remember::no);
}

void UndoImage::read_run(PageNumber first, std::span<std::byte> out) const {
  const std::lock_guard lock(store_.mutex_);
  store_.read_run_locked(first, out);
  for (PageNumber number = first; !out.empty(); ++number, out = out.subspan(page_size_)) {
    read_kept(number, out.first(page_size_));
  }
}

}  // namespace pgmirror::capture::sqlite
