#pragma once

#include <stdexcept>

namespace pgmirror::queue {

/// The position asked for is no longer in the queue, or not yet.
class PositionUnavailable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace pgmirror::queue
