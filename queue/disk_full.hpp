#pragma once

#include <stdexcept>

namespace pgmirror::queue {

/// No space on the device. Transient, and nothing acknowledged or committed is lost: the open transaction is forgotten,
/// commits stay in memory. Wait, call sync() until it returns, then go on after end().
class DiskFull : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// begin() gave up waiting for the disk budget because interrupt() was called.
class Interrupted : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace pgmirror::queue
