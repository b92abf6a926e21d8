#include "capture/sqlite/shadow_store.hpp"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

#include "capture/sqlite/page_delta.hpp"
#include "capture/sqlite/source_refused.hpp"
#include "capture/sqlite/undo_image.hpp"

namespace pgmirror::capture::sqlite {
namespace {

constexpr std::uint64_t first_sequence = 1;
constexpr PageNumber pages_at_once = 128;

std::filesystem::path page_path(const std::filesystem::path& directory) { return directory / "shadow.pages"; }
std::filesystem::path successor_path(const std::filesystem::path& directory) { return directory / "shadow.pages.next"; }
std::filesystem::path redo_path(const std::filesystem::path& directory) { return directory / "shadow.redo"; }

/// 16 bytes or 8: short enough to come whole.
template <typename Value>
Value random_value() {
  Value value{};
  if (::getrandom(&value, sizeof value, 0) != static_cast<ssize_t>(sizeof value)) {
    throw std::system_error(errno, std::generic_category(), "shadow: no random numbers");
  }
  return value;
}

std::string hexadecimal(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned>(byte));
  return text;
}

/// Durable on return, but for the name. `header` lacks what the image tells.
void write_pages(const std::filesystem::path& path, const PageImage& image, PageFile::Header header) {
  PageFile pages = PageFile::create(path);
  std::vector<std::byte> run;
  for (PageNumber first = 1; first <= image.page_count(); first += pages_at_once) {
    run.resize(std::min(pages_at_once, image.page_count() - first + 1) * image.page_size());
    image.read_run(first, run);
    pages.write_run(first, image.page_size(), run);
  }
  pages.sync();
  header.generation = 1;
  header.redo_seed = random_value<std::uint64_t>();
  header.page_size = static_cast<std::uint32_t>(image.page_size());
  header.page_count = image.page_count();
  pages.write_header(header);
}

/// Whether the successor counts: the queue holds its transaction.
bool succeeds(const std::filesystem::path& successor, const PageFile::Header& present, std::uint64_t queue_end) {
  try {
    const PageFile pages = PageFile::open(successor);
    return pages.header().identity == present.identity && pages.header().sequence == queue_end;
  } catch (const ShadowUnusable&) {
    return false;  // not finished
  }
}

PageFile open_pages(const std::filesystem::path& directory, std::uint64_t queue_end) {
  PageFile pages = PageFile::open(page_path(directory));
  const auto successor = successor_path(directory);
  if (!std::filesystem::exists(successor)) return pages;
  if (!succeeds(successor, pages.header(), queue_end)) {
    std::filesystem::remove(successor);
    return pages;
  }
  std::filesystem::rename(successor, page_path(directory));
  sync_directory(directory);
  return PageFile::open(page_path(directory));
}

}  // namespace

bool ShadowStore::exists(const std::filesystem::path& directory) {
  return std::filesystem::exists(page_path(directory));
}

void ShadowStore::create(const std::filesystem::path& directory, const PageImage& image) {
  // The name appears only when the content is durable: half a copy must never pass for a shadow.
  const std::filesystem::path unfinished = directory / "shadow.pages.new";
  write_pages(unfinished, image,
              {.identity = random_value<std::array<std::byte, 16>>(),
               .first_sequence = first_sequence,
               .sequence = first_sequence});
  RedoLog::create(redo_path(directory)).sync();
  std::filesystem::rename(unfinished, page_path(directory));
  sync_directory(directory);
}

void ShadowStore::discard(const std::filesystem::path& directory) { std::filesystem::remove(page_path(directory)); }

void ShadowStore::make_successor(const PageImage& image, std::uint64_t sequence) const {
  if (!settled_) throw std::logic_error("shadow: a successor needs settle() first");
  write_pages(
      successor_path(directory_), image,
      {.identity = pages_.header().identity, .first_sequence = pages_.header().first_sequence, .sequence = sequence});
  sync_directory(directory_);
}

ShadowStore::ShadowStore(const std::filesystem::path& directory, std::uint64_t queue_end)
    : ShadowStore(directory, queue_end, Limits{}) {}

ShadowStore::ShadowStore(const std::filesystem::path& directory, std::uint64_t queue_end, Limits limits)
    : limits_(limits),
      pages_(open_pages(directory, queue_end)),
      redo_(RedoLog::open(redo_path(directory))),
      cache_(pages_.header().page_size, limits.cache_bytes),
      identity_(hexadecimal(pages_.header().identity)),
      page_size_(pages_.header().page_size),
      page_count_(pages_.header().page_count),
      sequence_(pages_.header().sequence),
      directory_(directory),
      old_page_(page_size_),
      new_page_(page_size_) {
  recover(queue_end);
}

ShadowStore::~ShadowStore() = default;

void ShadowStore::recover(std::uint64_t queue_end) {
  const std::uint64_t wanted = std::max(queue_end, pages_.header().first_sequence);
  if (sequence_ > wanted) {
    throw ShadowUnusable(fmt::format(
        "shadow: is ahead of the queue ({} > {}); restore the queue or run \"pgmirror resync\"", sequence_, queue_end));
  }
  class Replay : public RedoLog::Reader {
   public:
    explicit Replay(ShadowStore& store) : store_(store) {}
    void full_page(PageNumber number, std::span<const std::byte> content) override {
      const auto page = store_.cache_.insert(number);
      std::copy(content.begin(), content.end(), page.begin());
      changed(number);
    }
    void page_delta(PageNumber number, std::span<const std::byte> delta) override {
      auto page = store_.cache_.find(number);
      if (page.empty()) {
        page = store_.cache_.insert(number);
        store_.pages_.read(number, page);
      }
      apply_page_delta(delta, page);
      changed(number);
    }
    void commit(const RedoLog::Commit& commit) override {
      store_.sequence_ = commit.sequence;
      store_.page_count_ = commit.page_count;
    }

   private:
    /// The page file may be written at once: all that is replayed is durable, and a second replay starts with the first
    /// full image of each page again.
    void changed(PageNumber number) {
      store_.cache_.mark_dirty(number);
      if (store_.cache_.dirty_count() * store_.page_size_ < store_.limits_.dirty_bytes) return;
      store_.cache_.clean(
          [this](PageNumber dirty, std::span<const std::byte> page) { store_.pages_.write(dirty, page); });
    }
    ShadowStore& store_;
  };
  Replay replay(*this);
  const bool more = redo_.replay(pages_.header().redo_seed, wanted, replay);
  // A kill may leave changes here that the queue does not have yet; but a queue that ends nowhere is gone.
  if (more && queue_end == 0) {
    throw ShadowUnusable(
        "shadow: holds changes, but their queue is gone; restore the state directory or run \"pgmirror resync --all\"");
  }
  if (sequence_ < wanted) {
    throw ShadowUnusable(
        fmt::format("shadow: ends before the queue ({} < {}); run \"pgmirror resync\"", sequence_, wanted));
  }
  checkpoint();
}

std::uint64_t ShadowStore::sequence() const {
  const std::lock_guard lock(mutex_);
  return sequence_;
}

PageNumber ShadowStore::page_count() const {
  const std::lock_guard lock(mutex_);
  return page_count_;
}

void ShadowStore::read(PageNumber number, std::span<std::byte> out) const {
  const std::lock_guard lock(mutex_);
  read_locked(number, out, Remember::yes);
}

void ShadowStore::read_run(PageNumber first, std::span<std::byte> out) const {
  const std::lock_guard lock(mutex_);
  read_run_locked(first, out);
}

void ShadowStore::read_run_locked(PageNumber first, std::span<std::byte> out) const {
  pages_.read_run(first, out);
  for (PageNumber number = first; !out.empty(); ++number, out = out.subspan(page_size_)) {
    const auto page = out.first(page_size_);
    if (const auto cached = cache_.find(number); !cached.empty()) {
      std::copy(cached.begin(), cached.end(), page.begin());
    } else {
      read_streamed(number, page);
    }
  }
}

bool ShadowStore::read_streamed(PageNumber number, std::span<std::byte> out) const {
  const auto found = std::lower_bound(streamed_.begin(), streamed_.end(), number);
  if (found == streamed_.end() || *found != number) return false;
  const auto place = static_cast<std::uint64_t>(found - streamed_.begin());
  redo_.read_content(streamed_offset_ + place * (RedoLog::record_header_size + page_size_), out);
  return true;
}

void ShadowStore::read_locked(PageNumber number, std::span<std::byte> out, Remember remember) const {
  if (const auto page = cache_.find(number); !page.empty()) {
    std::copy(page.begin(), page.end(), out.begin());
    return;
  }
  if (read_streamed(number, out)) return;
  pages_.read(number, out);
  if (remember == Remember::no) return;
  const auto page = cache_.insert(number);
  std::copy(out.begin(), out.end(), page.begin());
}

void ShadowStore::keep_for_images(PageNumber number) {
  bool have_old_page = false;
  for (UndoImage* image : images_) {
    if (!image->wants(number)) continue;
    if (!have_old_page) read_locked(number, old_page_, Remember::no);
    have_old_page = true;
    image->keep(number, old_page_);
  }
}

bool ShadowStore::needs_settling(std::size_t pages) const {
  const std::lock_guard lock(mutex_);
  return !settled_ && pages * page_size_ > limits_.group_bytes;
}

void ShadowStore::apply(const PageImage& after, std::span<const PageNumber> changed, std::uint64_t sequence) {
  const std::lock_guard lock(mutex_);
  if (changed.size() * page_size_ > limits_.group_bytes) {
    apply_streamed(after, changed);
  } else {
    apply_cached(after, changed);
  }
  page_count_ = after.page_count();
  sequence_ = sequence;
  redo_.append_commit({sequence_, page_count_});
  settled_ = false;
  synced_ = false;
}

void ShadowStore::apply_cached(const PageImage& after, std::span<const PageNumber> changed) {
  for (const PageNumber number : changed) {
    keep_for_images(number);
    after.read(number, new_page_);
    // Dirty means: the redo log has a full image since the last shadow checkpoint, which a delta can build on.
    const bool dirty = cache_.is_dirty(number);
    const auto page = cache_.insert(number);
    if (dirty && encode_page_delta(page, new_page_, delta_)) {
      redo_.append_delta(number, delta_);
    } else {
      redo_.append_full_page(number, new_page_);
    }
    std::copy(new_page_.begin(), new_page_.end(), page.begin());
    cache_.mark_dirty(number);
  }
}

void ShadowStore::apply_streamed(const PageImage& after, std::span<const PageNumber> changed) {
  if (!settled_) throw std::logic_error("shadow: a transaction of this size needs settle() first");
  checkpoint();
  std::vector<PageNumber> streamed(changed.begin(), changed.end());
  streamed_offset_ = redo_.size() + RedoLog::record_header_size;
  for (const PageNumber number : changed) {
    keep_for_images(number);
    after.read(number, new_page_);
    redo_.append_full_page(number, new_page_);
    cache_.erase(number);
  }
  redo_.flush();
  streamed_ = std::move(streamed);
}

void ShadowStore::sync() {
  if (synced_) return;
  // Only the writing thread appends to the log, so readers need not wait for the disk.
  redo_.sync();
  synced_ = true;
}

void ShadowStore::settle() {
  const std::lock_guard lock(mutex_);
  if (!synced_) throw std::logic_error("shadow: settle() before sync()");
  settled_ = true;
  if (!streamed_.empty() || cache_.dirty_count() * page_size_ > limits_.dirty_bytes ||
      redo_.size() > limits_.redo_bytes) {
    checkpoint();
  }
}

void ShadowStore::checkpoint() {
  for (const PageNumber number : streamed_) {
    // A page that changed again since is dirty in the cache and follows below.
    read_streamed(number, new_page_);
    pages_.write(number, new_page_);
  }
  cache_.clean([this](PageNumber number, std::span<const std::byte> page) { pages_.write(number, page); });
  if (images_.empty()) pages_.cut(page_count_);
  pages_.sync();
  PageFile::Header header = pages_.header();
  ++header.generation;
  header.redo_seed = random_value<std::uint64_t>();
  header.sequence = sequence_;
  header.page_count = page_count_;
  pages_.write_header(header);
  redo_.start(header.redo_seed);
  redo_.cut(limits_.redo_bytes + limits_.group_bytes);
  streamed_.clear();
  streamed_.shrink_to_fit();
}

std::unique_ptr<UndoImage> ShadowStore::open_image() {
  const std::lock_guard lock(mutex_);
  std::unique_ptr<UndoImage> image(new UndoImage(*this, directory_));
  images_.push_back(image.get());
  return image;
}

void ShadowStore::forget_image(UndoImage* image) {
  const std::lock_guard lock(mutex_);
  std::erase(images_, image);
}

}  // namespace pgmirror::capture::sqlite
