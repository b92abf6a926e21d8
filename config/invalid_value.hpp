#pragma once

#include <stdexcept>

namespace pgmirror::config {

/// Why a text is no value of its kind: `"abc" is not a port (1 to 65535)`. Whoever catches it says where the text
/// stood.
class InvalidValue : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace pgmirror::config
