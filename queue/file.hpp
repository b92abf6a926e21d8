#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <vector>

namespace pgmirror::queue {

/// The disk refused to make data durable. Never retry: the kernel may have dropped the data and reports success next
/// time. The process must end and recover from what the disk holds.
class FsyncError : public std::system_error {
 public:
  using std::system_error::system_error;
};

/// An open file. Reads may come from several threads at once, writes from one.
///
/// Failures throw std::system_error with the errno and the path. After a failed write any part of it may be in the
/// file.
class File {
 public:
  virtual ~File() = default;
  /// Reads up to out.size() bytes; fewer only at the end of the file.
  virtual std::size_t read(std::uint64_t offset, std::span<char> out) const = 0;
  virtual void write(std::uint64_t offset, std::span<const char> bytes) = 0;
  virtual void truncate(std::uint64_t size) = 0;
  virtual std::uint64_t size() const = 0;
  /// Content and size are on disk when it returns. Throws FsyncError.
  virtual void sync() = 0;
};

/// Everything the queue asks of a file system; no other file operation exists in the queue.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  /// Makes the directory and its parents, private to the user. Its own entry is durable on return.
  virtual void create_directory(const std::filesystem::path& directory) = 0;
  /// A new or emptied file, readable and writable by the user alone; symbolic links are not followed.
  virtual std::unique_ptr<File> create(const std::filesystem::path& path) = 0;
  virtual std::unique_ptr<File> open_for_write(const std::filesystem::path& path) = 0;
  /// Throws std::system_error with std::errc::no_such_file_or_directory if there is none.
  virtual std::unique_ptr<File> open_for_read(const std::filesystem::path& path) const = 0;
  virtual void rename(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  virtual void remove(const std::filesystem::path& path) = 0;
  virtual bool exists(const std::filesystem::path& path) const = 0;
  /// Names of all files in the directory, in no order; empty if there is no such directory.
  virtual std::vector<std::string> list(const std::filesystem::path& directory) const = 0;
  /// Names made, changed and removed so far are durable on return. Throws FsyncError.
  virtual void sync_directory(const std::filesystem::path& directory) = 0;
  /// An exclusive lock on `path` (made if missing) until the result dies. Null if somebody else holds it; `holder` is
  /// then what that one wrote into the file. The lock file gets this process's id.
  virtual std::unique_ptr<File> lock(const std::filesystem::path& path, std::string& holder) = 0;
  /// Whether somebody holds the lock just now.
  virtual bool is_locked(const std::filesystem::path& path) const = 0;
};

}  // namespace pgmirror::queue
