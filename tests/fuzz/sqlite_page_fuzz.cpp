// Pages nobody wrote: whatever the bytes are, the decoder reads them, or throws DamagedPage, and touches nothing else.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <vector>

#include <sqlite3.h>

#include "capture/sqlite/damaged_page.hpp"
#include "capture/sqlite/database_pages.hpp"
#include "capture/sqlite/key_order.hpp"
#include "capture/sqlite/page_map.hpp"
#include "capture/sqlite/row_changes.hpp"
#include "capture/sqlite/table_reader.hpp"
#include "capture/sqlite/transaction_decoder.hpp"
#include "capture/sqlite/tree_diff.hpp"

namespace {

using namespace pgmirror::capture::sqlite;
namespace change = pgmirror::change;

constexpr std::size_t small_page = 512;

class Image final : public PageImage {
 public:
  explicit Image(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}
  std::size_t page_size() const override { return small_page; }
  PageNumber page_count() const override { return static_cast<PageNumber>(bytes_.size() / small_page); }
  void read(PageNumber number, std::span<std::byte> out) const override {
    std::memcpy(out.data(), bytes_.data() + (number - 1) * small_page, small_page);
  }
  std::vector<std::byte>& bytes() { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

/// Touches every byte of every cell, so that a view of foreign memory is noticed.
class Toucher final : public change::TransactionWriter {
 public:
  void begin() override {}
  void row(const change::RowChange& change) override {
    touch(change.old_key);
    touch(change.new_row);
  }
  void schema(const change::SchemaChange&) override {}
  void truncate(const change::Truncation&) override {}
  void commit(const change::Commit&) override {}
  void rollback() override {}
  void sync() override {}
  void touch(change::Tuple row) {
    for (const change::Value& value : row) {
      const bool has_bytes = value.kind() == change::ValueKind::text || value.kind() == change::ValueKind::blob;
      if (!has_bytes) continue;
      for (const char byte : value.bytes()) sum_ = sum_ + static_cast<unsigned char>(byte);
    }
  }

 private:
  volatile unsigned sum_ = 0;
};

/// A sound database with tables of both kinds, deep trees and overflow chains.
std::vector<std::byte> sound_database() {
  sqlite3* database = nullptr;
  sqlite3_open(":memory:", &database);
  sqlite3_exec(database,
               "PRAGMA page_size=512;"
               "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT, r REAL);"
               "CREATE TABLE w(k TEXT COLLATE NOCASE, n INT, v, PRIMARY KEY(k, n DESC)) WITHOUT ROWID;"
               "CREATE TABLE u(a, b);"
               "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<60)"
               "INSERT INTO t SELECT i, printf('%.*c', i*i%900, 'x'), i/3.0 FROM n;"
               "INSERT INTO w SELECT v, id, r FROM t; INSERT INTO u VALUES(1, zeroblob(3000)), (x'00', 'text')",
               nullptr, nullptr, nullptr);
  sqlite3_int64 size = 0;
  unsigned char* const bytes = sqlite3_serialize(database, "main", &size, 0);
  std::vector<std::byte> result(static_cast<std::size_t>(size));
  std::memcpy(result.data(), bytes, result.size());
  sqlite3_free(bytes);
  sqlite3_close(database);
  return result;
}

/// The input holds lists of edits: two bytes of place, one of length (0: end of the list), then the bytes.
void edit(std::vector<std::byte>& bytes, const std::uint8_t*& at, const std::uint8_t* end, std::size_t first_page) {
  const std::size_t floor = first_page * small_page;
  while (end - at >= 4) {
    const std::size_t place = floor + ((std::size_t{at[0]} << 8U) | at[1]) % (bytes.size() - floor);
    const std::size_t length = at[2] % 8U;
    at += 3;
    if (length == 0) return;
    for (std::size_t i = 0; i < length && at < end && place + i < bytes.size(); ++i) {
      bytes[place + i] = static_cast<std::byte>(*at++);
    }
  }
}

void read_everything(const Image& image, const std::vector<TableLayoutPtr>& tables, Toucher& out) {
  for (const TableLayoutPtr& table : tables) {
    read_table(image, *table, [&](change::Tuple row) {
      out.touch(row);
      return true;
    });
    profile_table(image, *table);
  }
}

/// What TransactionDecoder does with one table, without asking SQLite for the definitions each time.
void compare_table(const Image& before_image, const Image& after_image, const TableLayoutPtr& table, Toucher& out) {
  const DatabasePages before(before_image);
  const DatabasePages after(after_image);
  constexpr TreeNumber tree = 0;
  PageMap map;
  TreeDiff diff(map);
  KeyOrder order(table->key_order, table->encoding);
  KeyOrder* const keys = table->without_rowid ? &order : nullptr;
  RowChanges changes(table);
  changes.start(out);
  map.grow(before.page_count());
  diff.run(before, before, {tree, 0, table->root, keys}, changes);
  map.apply({});
  std::vector<PageNumber> dirty;
  const auto mark_dirty = [&](PageNumber page) {
    if (!map.is_marked(page, PageMap::dirty)) dirty.push_back(page);
    map.mark(page, PageMap::dirty);
  };
  for (PageNumber page = 1; page <= before.page_count(); ++page) {
    if (map.is_tree_page(page, tree)) {
      mark_dirty(page);
    } else if (map.place(page).kind != PageKind::none) {
      if (const PageNumber with_row = map.trace_overflow(page); with_row != 0) {
        mark_dirty(with_row);
        map.mark(with_row, PageMap::rows_dirty);
      }
    }
  }
  diff.run(before, after, {tree, table->root, table->root, keys, dirty}, changes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::byte> sound = sound_database();
  static const std::vector<TableLayoutPtr> tables = TransactionDecoder(Image(sound), {}).tables();
  if (size == 0) return 0;
  const std::uint8_t* at = data + 1;
  // Definitions are damaged in few inputs only: SQLite takes a hundred times longer to read them than all else takes.
  const bool with_schema = data[0] == 0xA5;
  Image before(sound);
  Image after(sound);
  edit(before.bytes(), at, data + size, with_schema ? 1 : 4);
  edit(after.bytes(), at, data + size, with_schema ? 1 : 4);
  Toucher out;
  try {
    if (with_schema) {
      std::vector<PageNumber> changed;
      for (PageNumber page = 1; page <= after.page_count(); ++page) changed.push_back(page);
      TransactionDecoder(before, {}).decode(before, after, changed, out);
    } else if (data[0] % 2 == 0) {
      read_everything(after, tables, out);
    } else {
      for (const TableLayoutPtr& table : tables) compare_table(before, after, table, out);
    }
  } catch (const DamagedPage&) {
    return 0;
  } catch (const std::runtime_error&) {
    return 0;  // a definition that SQLite cannot read
  }
  return 0;
}
