#pragma once

#include <libpq-fe.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pgmirror::capture::postgres {

/// Some frames of a replication stream, in order, together in memory.
class StreamChunk {
 public:
  /// As PQgetCopyData gives it.
  using LibpqBuffer = std::unique_ptr<char, void (*)(void*)>;

  /// Small frames are copied together, large ones kept where they are: a row may have a gigabyte.
  void add(LibpqBuffer frame, std::size_t size);

  bool empty() const { return frames_.empty(); }
  /// What the frames hold.
  std::size_t bytes() const { return bytes_; }
  /// The frames live as long as this object.
  void each(const std::function<void(std::string_view)>& consume) const;

 private:
  struct Frame {
    std::size_t size = 0;
    std::size_t place = 0;  ///< in together_; of a large frame in large_
    bool large = false;
  };
  std::vector<Frame> frames_;
  std::string together_;
  std::vector<LibpqBuffer> large_;
  std::size_t bytes_ = 0;
};

}  // namespace pgmirror::capture::postgres
