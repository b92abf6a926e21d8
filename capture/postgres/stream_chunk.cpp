#include "capture/postgres/stream_chunk.hpp"

namespace pgmirror::capture::postgres {
namespace {

constexpr std::size_t large_frame = std::size_t{64} << 10U;

}  // namespace

void StreamChunk::add(LibpqBuffer frame, std::size_t size) {
  bytes_ += size;
  if (size >= large_frame) {
    frames_.push_back({.size = size, .place = large_.size(), .large = true});
    large_.push_back(std::move(frame));
    return;
  }
  frames_.push_back({.size = size, .place = together_.size()});
  together_.append(frame.get(), size);
}

void StreamChunk::each(const std::function<void(std::string_view)>& consume) const {
  for (const Frame& frame : frames_) {
    const char* const begin = frame.large ? large_[frame.place].get() : together_.data() + frame.place;
    consume({begin, frame.size});
  }
}

}  // namespace pgmirror::capture::postgres
