#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <span>

namespace pgmirror::tests {

/// Finds the ends of the messages that a PostgreSQL client sends (manual section "Message Formats").
///
/// Startup messages (no type byte; length, code, body) and requests for encryption (length 8) are passed over: after
/// one of length 8 another startup message follows.
class FrontendMessages {
 public:
  /// Reads on in the stream and calls `ended` with the offset behind each message that ends inside `bytes`.
  void read(std::span<const char> bytes, const std::function<void(std::size_t)>& ended);

 private:
  std::array<unsigned char, 5> header_{};
  std::size_t header_size_ = 0;
  std::size_t body_left_ = 0;
  bool in_body_ = false;
  bool started_ = false;
  bool startup_message_ = false;  ///< the message being read before started_ is no request for encryption
};

}  // namespace pgmirror::tests
