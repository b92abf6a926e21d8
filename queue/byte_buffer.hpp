#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace pgmirror::queue {

/// Bytes that grow without being cleared first.
class ByteBuffer {
 public:
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  bool empty() const { return size_ == 0; }
  char* data() { return bytes_.get(); }
  const char* data() const { return bytes_.get(); }
  std::span<const char> bytes() const { return {bytes_.get(), size_}; }
  std::string_view view() const { return {bytes_.get(), size_}; }

  /// Room for `more` bytes behind the end, which advance_to() then takes in. The pointer dies with the next call.
  char* reserve(std::size_t more) {
    if (capacity_ - size_ < more) grow(more);
    return bytes_.get() + size_;
  }
  void advance_to(const char* end) { size_ = static_cast<std::size_t>(end - bytes_.get()); }

  void append(std::string_view more) {
    char* end = reserve(more.size());
    if (!more.empty()) std::memcpy(end, more.data(), more.size());
    size_ += more.size();
  }

  /// Content of bytes that were not there before is undefined.
  void resize(std::size_t size) {
    if (size > size_) reserve(size - size_);
    size_ = size;
  }

  /// Gives memory back that one large row needed.
  void shrink_beyond(std::size_t capacity) {
    if (capacity_ <= capacity) return;
    bytes_.reset();
    size_ = capacity_ = 0;
  }

 private:
  void grow(std::size_t more) {
    const std::size_t wanted = std::max({size_ + more, capacity_ + capacity_ / 2, std::size_t{1024}});
    auto bigger = std::make_unique_for_overwrite<char[]>(wanted);
    if (size_ != 0) std::memcpy(bigger.get(), bytes_.get(), size_);
    bytes_ = std::move(bigger);
    capacity_ = wanted;
  }

  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace pgmirror::queue
