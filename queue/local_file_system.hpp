#pragma once

#include "queue/file.hpp"

namespace pgmirror::queue {

/// The machine's own file system.
class LocalFileSystem final : public FileSystem {
 public:
  void create_directory(const std::filesystem::path& directory) override;
  std::unique_ptr<File> create(const std::filesystem::path& path) override;
  std::unique_ptr<File> open_for_write(const std::filesystem::path& path) override;
  std::unique_ptr<File> open_for_read(const std::filesystem::path& path) const override;
  void rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  void remove(const std::filesystem::path& path) override;
  bool exists(const std::filesystem::path& path) const override;
  std::vector<std::string> list(const std::filesystem::path& directory) const override;
  void sync_directory(const std::filesystem::path& directory) override;
  std::unique_ptr<File> lock(const std::filesystem::path& path, std::string& holder) override;
  bool is_locked(const std::filesystem::path& path) const override;
};

}  // namespace pgmirror::queue
