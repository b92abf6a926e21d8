#include "capture/sqlite/store_description.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "capture/sqlite/catalog.hpp"
#include "capture/sqlite/scratch_database.hpp"
#include "capture/sqlite/source_refused.hpp"
#include "capture/sqlite/sqlite_connection.hpp"
#include "capture/sqlite/store_file.hpp"

namespace pgmirror::capture::sqlite {
namespace {

constexpr std::chrono::milliseconds patience{2000};

std::vector<SchemaEntry> read_schema(const SqliteConnection& connection) {
  std::vector<SchemaEntry> schema;
  ScratchStatement rows(connection.handle(), "SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema");
  while (rows.step()) {
    const auto text = [&](int column) { return rows.is_null(column) ? std::string() : rows.text(column); };
    schema.push_back({.type = text(0),
                      .name = text(1),
                      .table = text(2),
                      .root = static_cast<PageNumber>(rows.integer(3)),
                      .sql = text(4)});
  }
  return schema;
}

TextEncoding encoding_of(SqliteConnection& connection) {
  const std::string name = connection.query("PRAGMA encoding");
  if (name == "UTF-16le") return TextEncoding::utf16le;
  return name == "UTF-16be" ? TextEncoding::utf16be : TextEncoding::utf8;
}

std::vector<change::RelationPtr> relations_of(const std::vector<TableLayoutPtr>& layouts) {
  std::vector<change::RelationPtr> relations;
  std::ranges::transform(layouts, std::back_inserter(relations), [](const auto& layout) { return layout->relation; });
  return relations;
}

void describe_tables(StoreDescription& store, const std::vector<SchemaEntry>& schema, TextEncoding encoding,
                     const config::TableRules& rules) {
  for (const SchemaEntry& entry : schema) {
    if (entry.type == "table" && entry.root == 0) store.virtual_tables.push_back(entry.name);
  }
  try {
    const std::vector<TableLayoutPtr> mirrored = read_catalog(schema, encoding, rules, {});
    store.mirrored = relations_of(mirrored);
    for (const TableLayoutPtr& layout : mirrored) {
      for (const std::string& column : layout->uncomputable_columns) {
        store.uncomputable.push_back(layout->relation->name + "." + column);
      }
    }
    store.all = relations_of(read_catalog(schema, encoding, {}, {}));
  } catch (const std::runtime_error& unreadable) {
    store.unreadable = unreadable.what();
  }
}

std::uint64_t size_of(const std::filesystem::path& file) {
  std::error_code missing;
  const auto size = std::filesystem::file_size(file, missing);
  return missing ? 0 : size;
}

}  // namespace

StoreDescription describe_store(const std::filesystem::path& file, const config::TableRules& rules) {
  check_store_path(file);
  StoreDescription store{.file_bytes = size_of(file), .wal_bytes = size_of(file.string() + "-wal")};
  if (store.file_bytes == 0) {
    throw SourceRefused(fmt::format(
        "sqlite file {}: is empty; let the application create its first table, then start again", file.string()));
  }
  SqliteConnection connection(file, patience);
  connection.execute("BEGIN");
  store.journal_mode = connection.query("PRAGMA journal_mode");
  store.page_size = std::stoull(connection.query("PRAGMA page_size"));
  describe_tables(store, read_schema(connection), encoding_of(connection), rules);
  connection.execute("ROLLBACK");
  return store;
}

}  // namespace pgmirror::capture::sqlite
