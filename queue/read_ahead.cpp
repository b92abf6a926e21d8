#include "queue/read_ahead.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace pgmirror::queue {
namespace {

constexpr std::size_t window_bytes = std::size_t{1} << 20U;

[[noreturn]] void refuse() { throw std::logic_error("a file that is only read was to be written"); }

}  // namespace

std::size_t ReadAhead::read(std::uint64_t offset, std::span<char> out) const {
  const bool inside = offset >= window_at_ && offset + out.size() <= window_at_ + window_.size();
  if (!inside) {
    if (out.size() > window_bytes) return file_->read(offset, out);
    window_at_ = offset;
    window_.resize(window_bytes);
    window_.resize(file_->read(offset, {window_.data(), window_.size()}));
  }
  const std::uint64_t start = offset - window_at_;
  const std::size_t count =
      std::min<std::size_t>(out.size(), window_.size() - std::min(start, std::uint64_t{window_.size()}));
  std::memcpy(out.data(), window_.data() + start, count);
  return count;
}

void ReadAhead::write(std::uint64_t /*offset*/, std::span<const char> /*bytes*/) { refuse(); }
void ReadAhead::truncate(std::uint64_t /*size*/) { refuse(); }
void ReadAhead::sync() { refuse(); }

}  // namespace pgmirror::queue
