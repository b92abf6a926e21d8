#include "tests/support/frontend_messages.hpp"

#include <algorithm>

namespace pgmirror::tests {

void FrontendMessages::read(std::span<const char> bytes, const std::function<void(std::size_t)>& ended) {
  constexpr std::size_t length_size = 4;
  constexpr std::size_t encryption_request_length = 8;
  std::size_t at = 0;
  while (at < bytes.size()) {
    if (!in_body_) {
      const std::size_t wanted = length_size + (started_ ? 1 : 0);
      header_[header_size_++] = static_cast<unsigned char>(bytes[at++]);
      if (header_size_ < wanted) continue;
      std::size_t length = 0;
      for (std::size_t i = wanted - length_size; i < wanted; ++i) length = length << 8U | header_[i];
      header_size_ = 0;
      in_body_ = true;
      body_left_ = length - length_size;
      startup_message_ = length != encryption_request_length;
    }
    const auto taken = std::min(body_left_, bytes.size() - at);
    body_left_ -= taken;
    at += taken;
    if (body_left_ > 0) continue;
    in_body_ = false;
    if (started_)
      ended(at);
    else
      started_ = startup_message_;
  }
}

}  // namespace pgmirror::tests
