#pragma once

#include <stdexcept>

#include "capture/source_refused.hpp"

namespace pgmirror::capture::sqlite {

using capture::SourceHeld;
using capture::SourceRefused;

/// The shadow in the state directory does not belong to this queue, or ends before it: nothing can be derived from it.
///
/// The remedy, which the message names, is `pgmirror resync`.
class ShadowUnusable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace pgmirror::capture::sqlite
