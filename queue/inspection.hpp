#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "change/transaction.hpp"
#include "queue/file.hpp"

namespace pgmirror::queue {

struct SegmentReport {
  std::string file;
  std::uint64_t sequence = 0;
  bool sealed = false;
  std::uint64_t file_bytes = 0;
  std::uint64_t stored_bytes = 0;  ///< header and blocks, without room written ahead
  std::uint64_t raw_bytes = 0;     ///< records before compression
  std::uint64_t blocks = 0;
  std::uint64_t transactions = 0;
  std::uint64_t changes = 0;
  change::Position after;  ///< the last commit before the segment
  change::Position last;   ///< the last commit up to its end
  std::optional<change::CommitTime> first_commit;
  std::optional<change::CommitTime> last_commit;
};

struct DamageReport {
  std::string file;
  std::uint64_t offset = 0;
  std::string what;
};

struct QueueReport {
  std::uint32_t format_version = 0;
  change::SourceIdentity source;
  bool held = false;  ///< an agent is running on it, so the end moves
  std::vector<SegmentReport> segments;
  std::uint64_t tail_bytes = 0;  ///< after the last whole block, other than zeros: being written, or torn by a crash
  std::optional<DamageReport> damage;  ///< the first found; segments after it are not looked at
};

enum class Depth {
  headers,  ///< sizes, positions and the chain of segments
  contents  ///< every block: checksum, chain, decompression, every record
};

/// Whose changes a queue holds; nothing where there is none. An agent may run on it. Throws as ChangeQueue.
std::optional<change::SourceIdentity> source_of(const std::filesystem::path& directory);

/// Looks at a queue without changing it, whether an agent runs on it or not. Memory: one block. Throws
/// std::system_error when the directory cannot be read, std::runtime_error when it holds no queue.
QueueReport inspect(const std::filesystem::path& directory, Depth depth, FileSystem& files);
QueueReport inspect(const std::filesystem::path& directory, Depth depth);

}  // namespace pgmirror::queue
