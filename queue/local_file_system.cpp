#include "queue/local_file_system.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

namespace pgmirror::queue {
namespace {

// Linux moves at most 2 GiB in one call.
constexpr std::size_t largest_transfer = std::size_t{1} << 30U;

[[noreturn]] void fail(std::string_view what, const std::filesystem::path& path) {
  throw std::system_error(errno, std::generic_category(), std::string(what) + " \"" + path.string() + "\"");
}

class LocalFile final : public File {
 public:
  LocalFile(const std::filesystem::path& path, int flags)
      : path_(path), descriptor_(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600)) {
    if (descriptor_ < 0) fail("cannot open", path_);
  }
  ~LocalFile() override { ::close(descriptor_); }
  LocalFile(const LocalFile&) = delete;
  LocalFile& operator=(const LocalFile&) = delete;

  int descriptor() const { return descriptor_; }

  std::size_t read(std::uint64_t offset, std::span<char> out) const override {
    std::size_t done = 0;
    while (done < out.size()) {
      const auto got = ::pread(descriptor_, out.data() + done, std::min(out.size() - done, largest_transfer),
                               static_cast<off_t>(offset + done));
      if (got == 0) break;
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail("cannot read", path_);
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  void write(std::uint64_t offset, std::span<const char> bytes) override {
    std::size_t done = 0;
    while (done < bytes.size()) {
      const auto put = ::pwrite(descriptor_, bytes.data() + done, std::min(bytes.size() - done, largest_transfer),
                                static_cast<off_t>(offset + done));
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) fail("cannot write", path_);
      done += static_cast<std::size_t>(put);
    }
  }

  void truncate(std::uint64_t size) override {
    while (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0) {
      if (errno != EINTR) fail("cannot truncate", path_);
    }
  }

  std::uint64_t size() const override {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0) fail("cannot examine", path_);
    return static_cast<std::uint64_t>(status.st_size);
  }

  void sync() override {
    // fdatasync includes a changed size; the times it leaves out mean nothing to us.
    if (::fdatasync(descriptor_) != 0) {
      throw FsyncError(errno, std::generic_category(), "cannot sync \"" + path_.string() + "\"");
    }
  }

 private:
  std::filesystem::path path_;
  int descriptor_;
};

}  // namespace

void LocalFileSystem::create_directory(const std::filesystem::path& directory) {
  const auto absolute = std::filesystem::absolute(directory).lexically_normal();
  if (std::filesystem::is_directory(absolute)) return;
  const auto path = absolute.has_filename() ? absolute : absolute.parent_path();
  const auto parent = path.parent_path();
  create_directory(parent);
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) fail("cannot make directory", path);
  sync_directory(parent);
}

std::unique_ptr<File> LocalFileSystem::create(const std::filesystem::path& path) {
  return std::make_unique<LocalFile>(path, O_RDWR | O_CREAT | O_TRUNC);
}

std::unique_ptr<File> LocalFileSystem::open_for_write(const std::filesystem::path& path) {
  return std::make_unique<LocalFile>(path, O_RDWR);
}

std::unique_ptr<File> LocalFileSystem::open_for_read(const std::filesystem::path& path) const {
  return std::make_unique<LocalFile>(path, O_RDONLY);
}

void LocalFileSystem::rename(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) fail("cannot rename", from);
}

void LocalFileSystem::remove(const std::filesystem::path& path) {
  if (::unlink(path.c_str()) != 0) fail("cannot remove", path);
}

bool LocalFileSystem::exists(const std::filesystem::path& path) const { return std::filesystem::exists(path); }

std::vector<std::string> LocalFileSystem::list(const std::filesystem::path& directory) const {
  std::vector<std::string> names;
  if (!std::filesystem::exists(directory)) return names;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    names.push_back(entry.path().filename().string());
  }
  return names;
}

void LocalFileSystem::sync_directory(const std::filesystem::path& directory) {
  const LocalFile file(directory, O_RDONLY | O_DIRECTORY);
  if (::fsync(file.descriptor()) != 0) {
    throw FsyncError(errno, std::generic_category(), "cannot sync directory \"" + directory.string() + "\"");
  }
}

std::unique_ptr<File> LocalFileSystem::lock(const std::filesystem::path& path, std::string& holder) {
  auto file = std::make_unique<LocalFile>(path, O_RDWR | O_CREAT);
  if (::flock(file->descriptor(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) fail("cannot lock", path);
    holder.resize(32);
    holder.resize(file->read(0, holder));
    return nullptr;
  }
  const auto process = std::to_string(::getpid());
  file->truncate(0);
  file->write(0, process);
  return file;
}

bool LocalFileSystem::is_locked(const std::filesystem::path& path) const {
  if (!exists(path)) return false;
  // Shared, and for a moment only: a flock() cannot be asked about without trying it.
  const LocalFile file(path, O_RDONLY);
  return ::flock(file.descriptor(), LOCK_SH | LOCK_NB) != 0;
}

}  // namespace pgmirror::queue
