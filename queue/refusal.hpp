#pragma once

#include <stdexcept>

namespace pgmirror::queue {

/// The queue in the directory is not the one asked for: another source, another format, held by another agent.
class QueueRefused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace pgmirror::queue
