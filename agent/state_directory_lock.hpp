#pragma once

#include <filesystem>
#include <stdexcept>

namespace pgmirror::agent {

/// Another process runs on the state directory.
class StateDirectoryHeld : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The right to run on a state directory, to replace its control socket and to move its content aside. Ends with the
/// process, however that ends.
class StateDirectoryLock {
 public:
  /// Does not wait. Throws StateDirectoryHeld, std::system_error.
  explicit StateDirectoryLock(const std::filesystem::path& directory);
  ~StateDirectoryLock();
  StateDirectoryLock(const StateDirectoryLock&) = delete;
  StateDirectoryLock& operator=(const StateDirectoryLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace pgmirror::agent
