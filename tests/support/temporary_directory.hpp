#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace pgmirror::tests {

/// A directory of its own under /tmp (short enough for Unix socket paths), removed with all it holds.
///
/// Its name carries the process id; the first one made in a process also removes what killed test processes left.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace pgmirror::tests
