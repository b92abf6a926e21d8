#include "capture/sqlite/shadow_tables.hpp"

#include <optional>

#include "capture/sqlite/folded_name.hpp"
#include "capture/sqlite/scratch_database.hpp"

namespace pgmirror::capture::sqlite {
namespace {

bool is_virtual_table(const SchemaEntry& entry) { return entry.type == "table" && entry.root == 0; }

/// What a module creates beside the virtual table in a database with nothing else; none when it cannot be asked.
std::optional<std::set<std::string>> made_by_module(const SchemaEntry& virtual_table) {
  std::set<std::string> names;
  try {
    ScratchDatabase scratch(TextEncoding::utf8);
    scratch.execute(virtual_table.sql);
    scratch.query("SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0", {},
                  [&](const ScratchStatement& row) { names.insert(folded_name(row.text(0))); });
  } catch (const ScratchError&) {
    return std::nullopt;  // a module that only the application has, or one that reads another table first
  }
  return names;
}

}  // namespace

std::set<std::string> shadow_tables(const std::vector<SchemaEntry>& schema) {
  std::set<std::string> shadows;
  for (const SchemaEntry& virtual_table : schema) {
    if (!is_virtual_table(virtual_table)) continue;
    const std::optional<std::set<std::string>> made = made_by_module(virtual_table);
    const std::string prefix = folded_name(virtual_table.name) + "_";
    for (const SchemaEntry& entry : schema) {
      const std::string name = folded_name(entry.name);
      if (entry.type == "table" && (made ? made->contains(name) : name.starts_with(prefix))) {
        shadows.insert(name);
      }
    }
  }
  return shadows;
}

}  // namespace pgmirror::capture::sqlite
