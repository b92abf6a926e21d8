#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "capture/postgres/triggers/row_layout.hpp"

namespace pgmirror::capture::postgres::triggers {

/// How the log of one table is to be read, as of the last interval that the queue has.
struct RememberedTriggers {
  std::string generation;  ///< TriggerState::generation
  RowLayout layout;        ///< without names
  bool operator==(const RememberedTriggers&) const = default;
};

/// By table that keeps rows.
using TriggerMemory = std::map<ObjectId, RememberedTriggers>;

/// Empty where there is no file. Throws std::runtime_error, std::system_error.
TriggerMemory recall_triggers(const std::filesystem::path& file);
/// Durable on return: after a crash the file is the old or the new one. Throws std::system_error.
void keep_triggers(const std::filesystem::path& file, const TriggerMemory& memory);

}  // namespace pgmirror::capture::postgres::triggers
