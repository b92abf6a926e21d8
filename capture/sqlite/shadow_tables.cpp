#include "capture/sqlite/shadow_tables.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

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

struct Module {
  std::string_view name;
  std::array<std::string_view, 5> suffixes;
};

/// Modules of SQLite itself. An application brings tokenizers and ranking functions of its own along, but not other
/// shadow tables.
constexpr std::array known_modules{Module{"fts3", {"_content", "_segments", "_segdir", "_docsize", "_stat"}},
                                   Module{"fts4", {"_content", "_segments", "_segdir", "_docsize", "_stat"}},
                                   Module{"fts5", {"_data", "_idx", "_content", "_docsize", "_config"}},
                                   Module{"rtree", {"_node", "_rowid", "_parent"}},
                                   Module{"rtree_i32", {"_node", "_rowid", "_parent"}},
                                   Module{"geopoly", {"_node", "_rowid", "_parent"}}};

/// Of `CREATE VIRTUAL TABLE name USING module(...)`, as SQLite keeps it.
std::string_view behind_name(std::string_view sql) {
  constexpr std::string_view start = "CREATE VIRTUAL TABLE ";
  if (!sql.starts_with(start)) return {};
  sql.remove_prefix(start.size());
  sql.remove_prefix(std::min(sql.find_first_not_of(" \t\r\n"), sql.size()));
  if (sql.empty()) return {};
  const char quote = sql.front() == '[' ? ']' : sql.front();
  if (quote != ']' && quote != '"' && quote != '`' && quote != '\'') {
    return sql.substr(std::min(sql.find_first_of(" \t\r\n"), sql.size()));
  }
  std::size_t end = sql.find(quote, 1);
  // A doubled quote stands for itself.
  while (end != std::string_view::npos && quote != ']' && end + 1 < sql.size() && sql[end + 1] == quote) {
    end = sql.find(quote, end + 2);
  }
  return end == std::string_view::npos ? std::string_view{} : sql.substr(end + 1);
}

const Module* module_of(const SchemaEntry& virtual_table) {
  const std::string rest = folded_name(std::string(behind_name(virtual_table.sql)));
  const std::size_t keyword = rest.find("using");
  if (keyword == std::string::npos) return nullptr;
  const std::size_t begin = rest.find_first_not_of(" \t\r\n", keyword + 5);
  if (begin == std::string::npos) return nullptr;
  const std::string name = rest.substr(begin, rest.find_first_of(" \t\r\n(;", begin) - begin);
  const auto* const found = std::ranges::find(known_modules, name, &Module::name);
  return found == known_modules.end() ? nullptr : &*found;
}

/// Judged by the name alone.
bool may_be_shadow(const std::string& name, const std::string& virtual_table, const Module* module) {
  if (module == nullptr) return name.starts_with(virtual_table + "_");
  return std::ranges::any_of(module->suffixes, [&](std::string_view suffix) {
    return !suffix.empty() && name == virtual_table + std::string(suffix);
  });
}

}  // namespace

std::set<std::string> shadow_tables(const std::vector<SchemaEntry>& schema) {
  std::set<std::string> shadows;
  for (const SchemaEntry& virtual_table : schema) {
    if (!is_virtual_table(virtual_table)) continue;
    const std::optional<std::set<std::string>> made = made_by_module(virtual_table);
    const Module* const module = module_of(virtual_table);
    for (const SchemaEntry& entry : schema) {
      const std::string name = folded_name(entry.name);
      if (entry.type == "table" &&
          (made ? made->contains(name) : may_be_shadow(name, folded_name(virtual_table.name), module))) {
        shadows.insert(name);
      }
    }
  }
  return shadows;
}

}  // namespace pgmirror::capture::sqlite
