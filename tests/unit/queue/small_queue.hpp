#pragma once

#include <memory>

#include "queue/change_queue.hpp"
#include "tests/unit/queue/forgetful_disk.hpp"

namespace pgmirror::queue::testing {

/// So small that a few dozen samples fill several segments of several blocks.
inline Options small_options() {
  Options options;
  options.directory = "/queue";
  options.source = {"sqlite:shop"};
  options.segment_bytes = 4096;
  options.block_bytes = 700;
  return options;
}

inline std::unique_ptr<ChangeQueue> open_small(const std::shared_ptr<ForgetfulDisk>& disk,
                                               const Options& options = small_options()) {
  return std::make_unique<ChangeQueue>(options, disk);
}

}  // namespace pgmirror::queue::testing
