#include "capture/postgres/triggers/trigger_memory.hpp"

#include <fmt/format.h>

#include <sstream>
#include <stdexcept>

#include "capture/postgres/durable_file.hpp"

namespace pgmirror::capture::postgres::triggers {

/// A line a table: its number, the generation, and three words a column.
TriggerMemory recall_triggers(const std::filesystem::path& file) {
  TriggerMemory memory;
  const auto content = file_content(file);
  if (!content) return memory;
  std::istringstream lines(*content);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    ObjectId table = 0;
    RememberedTriggers remembered;
    words >> table >> remembered.generation;
    bool whole = !words.fail();
    for (LaidColumn column; words >> column.number;) {
      whole = whole && words >> column.type >> column.written_by;
      remembered.layout.push_back(column);
    }
    if (!whole || !words.eof()) {
      throw std::runtime_error(file.string() +
                               ": holds something else than what triggers are known; restore it from a backup, or "
                               "remove it: every table is copied again then");
    }
    memory.emplace(table, std::move(remembered));
  }
  return memory;
}

void keep_triggers(const std::filesystem::path& file, const TriggerMemory& memory) {
  std::string content;
  for (const auto& [table, remembered] : memory) {
    content += fmt::format("{} {}", table, remembered.generation);
    for (const LaidColumn& column : remembered.layout) {
      content += fmt::format(" {} {} {}", column.number, column.type, column.written_by);
    }
    content += '\n';
  }
  replace_file(file, content);
}

}  // namespace pgmirror::capture::postgres::triggers
