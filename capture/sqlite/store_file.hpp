#pragma once

#include <cstdint>
#include <filesystem>

namespace pgmirror::capture::sqlite {

/// Which file a path names, so that a file that was put in its place is noticed.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;  ///< 0: there is no file
  bool operator==(const FileIdentity&) const = default;
};
FileIdentity file_identity(const std::filesystem::path& path);

/// Throws SourceRefused when the path cannot be followed whatever is in the file: missing, a directory, on a network
/// file system, no permission. Does not open the file.
void check_store_path(const std::filesystem::path& path);
/// The part of it about the file system: `type` is what statfs(2) tells of the path. Throws SourceRefused.
void check_file_system(const std::filesystem::path& path, std::uint32_t type);

}  // namespace pgmirror::capture::sqlite
