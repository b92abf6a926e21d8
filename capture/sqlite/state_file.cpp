#include "capture/sqlite/state_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace pgmirror::capture::sqlite {
namespace {

constexpr mode_t owner_only = 0600;

[[noreturn]] void throw_error(const char* action, const std::filesystem::path& path) {
  throw std::system_error(errno, std::generic_category(),
                          fmt::format("state file {}: cannot {}", path.string(), action));
}

}  // namespace

StateFile::StateFile(int descriptor, std::filesystem::path path) : descriptor_(descriptor), path_(std::move(path)) {
  if (descriptor_ < 0) throw_error("open", path_);
}

StateFile StateFile::create(const std::filesystem::path& path) {
  return StateFile(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, owner_only), path);
}

StateFile StateFile::open(const std::filesystem::path& path) {
  return StateFile(::open(path.c_str(), O_RDWR | O_CLOEXEC), path);
}

StateFile StateFile::unnamed(const std::filesystem::path& directory) {
  const int descriptor = ::open(directory.c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, owner_only);
  if (descriptor >= 0) return StateFile(descriptor, directory / "(unnamed)");
  std::string name = (directory / "undo.XXXXXX").string();
  StateFile file(::mkostemp(name.data(), O_CLOEXEC), name);
  ::unlink(name.c_str());
  return file;
}

StateFile::StateFile(StateFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}

StateFile& StateFile::operator=(StateFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(path_, other.path_);
  return *this;
}

StateFile::~StateFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void StateFile::fail(const char* action) const { throw_error(action, path_); }

std::size_t StateFile::read(std::uint64_t offset, std::span<std::byte> out) const {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t count = ::pread(descriptor_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (count == 0) break;
    if (count > 0) {
      done += static_cast<std::size_t>(count);
    } else if (errno != EINTR) {
      fail("read");
    }
  }
  return done;
}

void StateFile::write(std::uint64_t offset, std::span<const std::byte> bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count =
        ::pwrite(descriptor_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (count >= 0) {
      done += static_cast<std::size_t>(count);
    } else if (errno != EINTR) {
      fail("write");
    }
  }
}

void StateFile::begin_sync(std::uint64_t offset, std::uint64_t length) {
  // Only a hint: what it cannot do, sync() does.
  ::sync_file_range(descriptor_, static_cast<off_t>(offset), static_cast<off_t>(length), SYNC_FILE_RANGE_WRITE);
}

void StateFile::sync() {
  if (::fdatasync(descriptor_) != 0) fail("sync");
}

std::uint64_t StateFile::size() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) fail("stat");
  return static_cast<std::uint64_t>(status.st_size);
}

void StateFile::truncate(std::uint64_t size) {
  if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0) fail("truncate");
}

void sync_directory(const std::filesystem::path& directory) {
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) throw_error("open", directory);
  const int result = ::fsync(descriptor);
  const int error = errno;
  ::close(descriptor);
  errno = error;
  if (result != 0) throw_error("sync", directory);
}

}  // namespace pgmirror::capture::sqlite
