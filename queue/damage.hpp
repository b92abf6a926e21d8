#pragma once

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace pgmirror::queue {

/// The queue's files do not hold what was once written and acknowledged. The agent must stop: reading on would lose
/// transactions in the middle.
class Damage : public std::runtime_error {
 public:
  Damage(const std::filesystem::path& file, std::uint64_t offset, const std::string& what)
      : std::runtime_error("queue segment \"" + file.string() + "\" is damaged at offset " + std::to_string(offset) +
                           ": " + what +
                           "; run \"pgmirror queue verify\", then restore the file or \"pgmirror resync\""),
        file_(file.filename().string()),
        offset_(offset),
        what_(what) {}

  const std::string& file() const { return file_; }
  std::uint64_t offset() const { return offset_; }
  const std::string& reason() const { return what_; }

 private:
  std::string file_;
  std::uint64_t offset_;
  std::string what_;
};

}  // namespace pgmirror::queue
