#include "capture/postgres/frame_reader.hpp"

#include <fmt/format.h>

namespace pgmirror::capture::postgres {

change::CommitTime FrameReader::time(const char* what) {
  // Unsigned, so that a time which no calendar has wraps instead of overflowing.
  const auto since_2000 = number<std::uint64_t>(what);
  return change::CommitTime{
      std::chrono::microseconds{static_cast<std::int64_t>(since_2000 + static_cast<std::uint64_t>(postgres_epoch))}};
}

std::string_view FrameReader::text(const char* what) {
  const auto end = frame_.find('\0', at_);
  if (end == std::string_view::npos) fail(what);
  const std::string_view found = frame_.substr(at_, end - at_);
  at_ = end + 1;
  return found;
}

void FrameReader::fail(const char* expected) const {
  throw MalformedMessage(
      fmt::format("stream message of {} bytes: {} was expected at offset {}", frame_.size(), expected, at_));
}

}  // namespace pgmirror::capture::postgres
