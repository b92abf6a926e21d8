#pragma once

#include <cstdint>

namespace pgmirror::queue {

/// What opening found.
struct Recovery {
  bool created = false;                 ///< there was no queue
  std::uint64_t torn_bytes = 0;         ///< cut from the end: written when the agent died, never acknowledged
  bool unfinished_transaction = false;  ///< one was being written when the agent died; it is forgotten
};

}  // namespace pgmirror::queue
