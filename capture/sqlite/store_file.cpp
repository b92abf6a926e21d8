#include "capture/sqlite/store_file.hpp"

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "capture/sqlite/source_refused.hpp"

namespace pgmirror::capture::sqlite {
namespace {

struct NetworkFileSystem {
  std::uint32_t magic;
  std::string_view name;
};

constexpr std::uint32_t cifs_magic = 0xff534d42;
constexpr std::uint32_t ceph_magic = 0x00c36400;
constexpr std::uint32_t lustre_magic = 0x0bd00bd0;

/// Memory shared by SQLite's processes works on one host only. FUSE is refused as a whole: sshfs cannot be told apart.
constexpr std::array network_file_systems{
    NetworkFileSystem{NFS_SUPER_MAGIC, "NFS"},  NetworkFileSystem{SMB_SUPER_MAGIC, "SMB"},
    NetworkFileSystem{SMB2_SUPER_MAGIC, "SMB"}, NetworkFileSystem{cifs_magic, "SMB"},
    NetworkFileSystem{V9FS_MAGIC, "9p"},        NetworkFileSystem{FUSE_SUPER_MAGIC, "FUSE"},
    NetworkFileSystem{AFS_SUPER_MAGIC, "AFS"},  NetworkFileSystem{CODA_SUPER_MAGIC, "Coda"},
    NetworkFileSystem{ceph_magic, "Ceph"},      NetworkFileSystem{lustre_magic, "Lustre"},
    NetworkFileSystem{NCP_SUPER_MAGIC, "NCP"},  NetworkFileSystem{OCFS2_SUPER_MAGIC, "OCFS2"}};

}  // namespace

void check_file_system(const std::filesystem::path& path, std::uint32_t type) {
  for (const NetworkFileSystem& system : network_file_systems) {
    if (type != system.magic) continue;
    throw SourceRefused(
        fmt::format("sqlite file {}: lies on a network file system ({}), where SQLite's locks and shared memory cannot "
                    "be trusted; run "
                    "pgmirror on the host that has the file on a local disk",
                    path.string(), system.name));
  }
}

FileIdentity file_identity(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino};
}

void check_store_path(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      throw SourceRefused(fmt::format(
          "sqlite file {}: does not exist; start the application once, or mend MIRROR_SOURCE_URL", path.string()));
    }
    throw SourceRefused(fmt::format("sqlite file {}: cannot be looked at ({}); give this user access to its directory",
                                    path.string(), std::strerror(errno)));
  }
  if (S_ISDIR(status.st_mode)) {
    throw SourceRefused(fmt::format("sqlite file {}: is a directory; name the file in it", path.string()));
  }
  if (!S_ISREG(status.st_mode)) {
    throw SourceRefused(fmt::format("sqlite file {}: is not a regular file", path.string()));
  }
  struct statfs file_system {};
  if (::statfs(path.c_str(), &file_system) == 0) {
    check_file_system(path, static_cast<std::uint32_t>(file_system.f_type));
  }
  if (::access(path.c_str(), R_OK | W_OK) != 0) {
    throw SourceRefused(fmt::format(
        "sqlite file {}: no permission to open it; run pgmirror as the application's user or group (SQLite wants write "
        "permission even for readers)",
        path.string()));
  }
  const std::filesystem::path directory = path.has_parent_path() ? path.parent_path() : ".";
  if (::access(directory.c_str(), W_OK | X_OK) != 0) {
    throw SourceRefused(
        fmt::format("sqlite file {}: no permission to write in its directory, where SQLite keeps -wal and -shm; mount "
                    "the directory, "
                    "not the file alone, and run pgmirror as the application's user or group",
                    path.string()));
  }
}

}  // namespace pgmirror::capture::sqlite
