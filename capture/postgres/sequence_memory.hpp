#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>

#include "capture/postgres/object_node.hpp"

namespace pgmirror::capture::postgres {

/// What mirrors were told of a sequence.
struct ToldSequence {
  std::int64_t value = 0;  ///< that they were told
  std::int64_t seen = 0;   ///< what the source had then
  bool operator==(const ToldSequence&) const = default;
};
/// None: of one that stands and has given no number yet.
using ToldSequences = std::map<ObjectId, std::optional<ToldSequence>>;

std::filesystem::path sequences_file(const std::filesystem::path& state_directory);
/// Empty where there is no file. Throws std::system_error, and std::runtime_error for a file that is none of ours.
ToldSequences recall_sequences(const std::filesystem::path& file);
/// Durable on return. Throws std::system_error.
void keep_sequences(const std::filesystem::path& file, const ToldSequences& sequences);

}  // namespace pgmirror::capture::postgres
