#include "capture/sqlite/store_file.hpp"

#include <gtest/gtest.h>
#include <linux/magic.h>

#include <string>

#include "capture/sqlite/source_refused.hpp"
#include "tests/support/temporary_directory.hpp"

namespace pgmirror::capture::sqlite {
namespace {

constexpr std::uint32_t cifs_magic = 0xff534d42;
constexpr std::uint32_t ceph_magic = 0x00c36400;
constexpr std::uint32_t xfs_magic = 0x58465342;
constexpr std::uint32_t zfs_magic = 0x2fc12fc1;

std::string refusal(std::uint32_t type) {
  try {
    check_file_system("/data/app.db", type);
  } catch (const SourceRefused& refused) {
    return refused.what();
  }
  return "not refused";
}

TEST(StoreFile, OnANetworkFileSystemIsRefusedByItsName) {
  EXPECT_EQ(refusal(NFS_SUPER_MAGIC),
            "sqlite file /data/app.db: lies on a network file system (NFS), where SQLite's locks and shared memory "
            "cannot be trusted; run pgmirror on the host that has the file on a local disk");
  EXPECT_NE(refusal(cifs_magic).find("(SMB)"), std::string::npos);
  EXPECT_NE(refusal(SMB2_SUPER_MAGIC).find("(SMB)"), std::string::npos);
  EXPECT_NE(refusal(V9FS_MAGIC).find("(9p)"), std::string::npos);
  EXPECT_NE(refusal(FUSE_SUPER_MAGIC).find("(FUSE)"), std::string::npos);
  EXPECT_NE(refusal(ceph_magic).find("(Ceph)"), std::string::npos);
}

TEST(StoreFile, OnALocalFileSystemIsTaken) {
  for (const std::uint32_t type :
       {std::uint32_t{EXT4_SUPER_MAGIC}, std::uint32_t{TMPFS_MAGIC}, std::uint32_t{OVERLAYFS_SUPER_MAGIC},
        std::uint32_t{BTRFS_SUPER_MAGIC}, xfs_magic, zfs_magic}) {
    EXPECT_EQ(refusal(type), "not refused") << std::hex << type;
  }
}

TEST(StoreFile, FileSystemsOfThisMachineAreAskedFor) {
  const tests::TemporaryDirectory directory;
  EXPECT_THROW(check_store_path(directory / "missing.db"), SourceRefused);
  EXPECT_THROW(check_store_path(directory / "."), SourceRefused);
  // procfs is local; what is refused there is the missing permission or the kind of file, never the file system.
  try {
    check_store_path("/proc/version");
  } catch (const SourceRefused& refused) {
    EXPECT_EQ(std::string(refused.what()).find("network"), std::string::npos) << refused.what();
  }
}

}  // namespace
}  // namespace pgmirror::capture::sqlite
