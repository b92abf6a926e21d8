#pragma once

#include <memory>

#include "queue/byte_buffer.hpp"
#include "queue/file.hpp"

namespace pgmirror::queue {

/// A file that only grows shorter meanwhile, if at all, and that is read from its start to its end: small pieces cost
/// no call of the system each. One thread; cannot be written.
class ReadAhead final : public File {
 public:
  explicit ReadAhead(std::unique_ptr<File> file) : file_(std::move(file)) {}

  std::size_t read(std::uint64_t offset, std::span<char> out) const override;
  std::uint64_t size() const override { return file_->size(); }
  void write(std::uint64_t offset, std::span<const char> bytes) override;
  void truncate(std::uint64_t size) override;
  void sync() override;

 private:
  std::unique_ptr<File> file_;
  mutable ByteBuffer window_;
  mutable std::uint64_t window_at_ = 0;
};

}  // namespace pgmirror::queue
