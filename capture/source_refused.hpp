#pragma once

#include <stdexcept>

namespace pgmirror::capture {

/// The source cannot be followed exactly, for a reason only a person can remove.
///
/// The message names the source, the case and the remedy. Trying again without a change outside gives the same answer.
class SourceRefused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Somebody holds the source for himself, perhaps only for a long transaction: it can be followed once he lets go.
class SourceHeld : public SourceRefused {
 public:
  using SourceRefused::SourceRefused;
};

}  // namespace pgmirror::capture
