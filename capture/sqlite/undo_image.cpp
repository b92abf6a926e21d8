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

void UndoImage::read(PageNumber number, std::span<std::byte> out) const {
  const std::lock_guard lock(store_.mutex_);
  const auto found = kept_.find(number);
  if (found == kept_.end()) {
    store_.read_locked(number, out, ShadowStore::Remember::no);
  } else if (file_.read(found->second, out) != out.size()) {
    throw std::runtime_error("snapshot: undo file ends before a page it holds");
  }
}

}  // namespace pgmirror::capture::sqlite
