#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "change/transaction.hpp"
#include "queue/byte_buffer.hpp"
#include "queue/file.hpp"

namespace pgmirror::queue {

constexpr std::uint32_t format_version = 1;

/// Which queue a segment belongs to: random, made once.
using QueueId = std::array<std::uint64_t, 2>;

/// The first bytes of a segment file; see FORMAT.md.
struct SegmentHeader {
  QueueId queue{};
  std::uint64_t sequence = 0;
  std::uint64_t previous_seal = 0;
  std::uint64_t salt = 0;
  change::Position after;  ///< the last commit before the segment
  change::CommitTime after_time{};
  change::SourceIdentity source;

  std::uint32_t bytes = 0;     ///< set by write and read
  std::uint64_t checksum = 0;  ///< set by write and read; the first block's predecessor

  bool operator==(const SegmentHeader&) const = default;
};

/// Writes the header to the start of the file and completes its last two fields.
void write_header(File& file, SegmentHeader& header);

/// Throws QueueRefused for a format of another version, Damage for what is no header.
SegmentHeader read_header(const File& file, const std::filesystem::path& path);

/// `00000000000000000001.segment`
std::string segment_file_name(std::uint64_t sequence);
/// The sequence number in a segment's file name; nothing if it is not one.
std::optional<std::uint64_t> segment_sequence(const std::string& file_name);
/// The sequence numbers of the segments among some file names, ascending.
std::vector<std::uint64_t> segments_in(const std::vector<std::string>& file_names);

}  // namespace pgmirror::queue
