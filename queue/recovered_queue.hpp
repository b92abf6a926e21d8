#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "queue/options.hpp"
#include "queue/recovery.hpp"
#include "queue/segment_info.hpp"
#include "queue/segment_writer.hpp"

namespace pgmirror::queue {

/// A queue found on disk, mended and durable: where its writer goes on.
struct RecoveredQueue {
  Recovery recovery;
  std::vector<SegmentInfo> segments;      ///< oldest first
  SegmentHeader newest;                   ///< header of the last segment
  std::uint64_t seal = 0;                 ///< checksum of the last segment's seal, if it has one
  std::unique_ptr<SegmentWriter> writer;  ///< for the last segment, unless it is sealed
  SegmentTail tail;                       ///< of the last segment
};

/// Opens the queue or makes an empty one. Throws QueueRefused, Damage, std::system_error.
RecoveredQueue recover(FileSystem& files, const Options& options, std::uint64_t planned_bytes);

/// Undoes an unfinished transaction: deletes the segments after the one where it began, from the newest (`newest`)
/// down, and cuts its own segment behind the block where it began, or before that block if it holds no commit. Durable
/// on return.
struct ReopenedSegment {
  std::unique_ptr<SegmentWriter> writer;
  SegmentHeader header;
  SegmentTail tail;
};
ReopenedSegment cut_back(FileSystem& files, const std::filesystem::path& directory, const BlockPlace& began,
                         std::uint64_t newest, std::uint64_t planned_bytes);

}  // namespace pgmirror::queue
