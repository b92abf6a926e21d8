#pragma once

#include <stdexcept>
#include <string>

namespace pgmirror::capture::sqlite {

/// The store cannot be followed exactly, for a reason only the operator can remove.
///
/// The message names the file, the reason and the remedy. Trying again without a change outside gives the same answer.
class SourceRefused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The shadow in the state directory does not belong to this queue, or ends before it: nothing can be derived from it.
///
/// The remedy, which the message names, is `pgmirror resync`.
class ShadowUnusable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace pgmirror::capture::sqlite
