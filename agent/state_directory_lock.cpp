#include "agent/state_directory_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace pgmirror::agent {

StateDirectoryLock::StateDirectoryLock(const std::filesystem::path& directory)
    : descriptor_(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (descriptor_ < 0) {
    throw std::system_error(errno, std::generic_category(), fmt::format("state directory {}", directory.string()));
  }
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return;
  const int error = errno;
  ::close(descriptor_);
  if (error == EWOULDBLOCK) {
    throw StateDirectoryHeld(
        fmt::format("state directory {}: another pgmirror runs on it; stop that one, or give this one a "
                    "MIRROR_STATE_DIR of its own",
                    directory.string()));
  }
  throw std::system_error(error, std::generic_category(), fmt::format("state directory {}", directory.string()));
}

StateDirectoryLock::~StateDirectoryLock() { ::close(descriptor_); }

}  // namespace pgmirror::agent
