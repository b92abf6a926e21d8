#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "queue/segment_reader.hpp"

namespace pgmirror::queue {

/// Checks that segments, given in the order of their file names, are one unbroken queue.
class SegmentChain {
 public:
  explicit SegmentChain(std::filesystem::path directory) : directory_(std::move(directory)) {}

  /// Throws Damage unless `segment`, whose file name says `sequence`, continues what came before.
  void add(const SegmentReader& segment, std::uint64_t sequence);
  /// The segment just added ends with this seal.
  void sealed(std::uint64_t checksum) { seal_ = checksum; }

 private:
  std::filesystem::path directory_;
  std::optional<SegmentHeader> last_;
  std::uint64_t seal_ = 0;
};

}  // namespace pgmirror::queue
