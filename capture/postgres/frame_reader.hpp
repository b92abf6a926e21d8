#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <type_traits>

#include "change/transaction.hpp"

namespace pgmirror::capture::postgres {

/// Bytes of a replication stream that are no message of it. what() says at which offset and what was expected there;
/// never what was there.
class MalformedMessage : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Microseconds between 1970-01-01 and 2000-01-01, where PostgreSQL's timestamps begin.
inline constexpr std::int64_t postgres_epoch = 946'684'800'000'000;

/// Reads numbers (network byte order) and texts of one frame in order, never beyond its end. Every function throws
/// MalformedMessage with `what` when it is not there.
class FrameReader {
 public:
  explicit FrameReader(std::string_view frame) : frame_(frame) {}

  template <std::integral Number>
  Number number(const char* what) {
    std::make_unsigned_t<Number> read = 0;
    for (const char byte : bytes(sizeof(Number), what)) {
      read = static_cast<std::make_unsigned_t<Number>>((std::uint64_t{read} << 8U) | static_cast<unsigned char>(byte));
    }
    return static_cast<Number>(read);
  }

  char character(const char* what) { return static_cast<char>(number<std::uint8_t>(what)); }
  change::Position position(const char* what) { return {number<std::uint64_t>(what)}; }
  change::CommitTime time(const char* what);
  /// Ends with a NUL byte in the frame.
  std::string_view text(const char* what);
  std::string_view bytes(std::size_t count, const char* what) {
    if (left() < count) fail(what);
    const std::string_view found = frame_.substr(at_, count);
    at_ += count;
    return found;
  }

  std::size_t left() const { return frame_.size() - at_; }
  /// Nothing may follow.
  void end() const {
    if (left() > 0) fail("the end of the message");
  }
  [[noreturn]] void fail(const char* expected) const;

 private:
  std::string_view frame_;
  std::size_t at_ = 0;
};

}  // namespace pgmirror::capture::postgres
