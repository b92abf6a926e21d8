#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>

#include "change/position.hpp"

namespace pgmirror::queue {

struct Options {
  std::filesystem::path directory;
  change::SourceIdentity source;
  /// begin() waits while the files are larger than this together.
  std::uint64_t disk_budget_bytes = std::uint64_t{10} << 30U;
  /// A segment is closed when it reaches this; at most an eighth of the budget is used, so that budget comes free in
  /// steps.
  std::uint64_t segment_bytes = std::uint64_t{64} << 20U;
  /// Commits younger than this are kept though all mirrors have them, as long as the budget allows.
  std::chrono::seconds retention{0};
  /// Where a queue that is new begins: the position of the copy it continues.
  change::Position start{};
  std::size_t block_bytes = std::size_t{256} << 10U;
  int compression_level = 1;  ///< of zstd; 0: none
};

}  // namespace pgmirror::queue
