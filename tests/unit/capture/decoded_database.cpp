#include "tests/unit/capture/decoded_database.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <stdexcept>

#include "capture/sqlite/table_reader.hpp"

namespace pgmirror::tests {
namespace {

using capture::sqlite::PageNumber;

std::string text(const change::Value& value) {
  switch (value.kind()) {
    case change::ValueKind::null:
      return "null";
    case change::ValueKind::unchanged:
      return "-";
    case change::ValueKind::integer:
      return fmt::format("{}", value.as_integer());
    case change::ValueKind::real:
      return fmt::format("{:#g}", value.as_real());
    case change::ValueKind::text:
      return fmt::format("'{}'", value.bytes());
    case change::ValueKind::blob:
      return fmt::format("x{}", value.bytes().size());
  }
  return "?";
}

std::string text(change::Tuple row) {
  std::string result;
  for (const change::Value& value : row) result += (result.empty() ? "(" : ", ") + text(value);
  return result + ")";
}

std::string columns_of(const change::Relation& relation) {
  std::string result;
  for (const change::Column& column : relation.columns) result += (result.empty() ? "(" : ", ") + column.name;
  return result + ")";
}

class Lines final : public change::TransactionWriter {
 public:
  void begin() override {}
  void row(const change::RowChange& change) override {
    const std::string& name = change.relation->name;
    switch (change.operation) {
      case change::RowOperation::insert:
        lines.push_back(fmt::format("insert {} {}", name, text(change.new_row)));
        break;
      case change::RowOperation::update:
        lines.push_back(fmt::format("update {} {}", name, text(change.new_row)));
        if (!change.old_key.empty()) lines.back() += " key " + text(change.old_key);
        break;
      case change::RowOperation::remove:
        lines.push_back(fmt::format("remove {} {}", name, text(change.old_key)));
        break;
    }
  }
  void schema(const change::SchemaChange& change) override {
    lines.push_back(fmt::format("table {} -> {}", change.before ? change.before->name : "nothing",
                                change.after ? change.after->name + " " + columns_of(*change.after) : "nothing"));
    for (const auto& [from, to] : change.renamed_columns) lines.back() += fmt::format(" {}={}", from, to);
  }
  void truncate(const change::Truncation& change) override {
    lines.push_back("truncate " + change.relations.at(0)->name);
  }
  void commit(const change::Commit&) override {}
  void rollback() override {}
  void sync() override {}

  std::vector<std::string> lines;
};

std::vector<PageNumber> differing(const BytesImage& before, const BytesImage& after) {
  std::vector<PageNumber> pages;
  if (before.page_size() != after.page_size()) return pages;
  std::vector<std::byte> left(before.page_size());
  std::vector<std::byte> right(after.page_size());
  for (PageNumber page = 1; page <= std::max(before.page_count(), after.page_count()); ++page) {
    if (page <= before.page_count()) before.read(page, left);
    if (page <= after.page_count()) after.read(page, right);
    if (page > before.page_count() || page > after.page_count() || left != right) pages.push_back(page);
  }
  return pages;
}

}  // namespace

static sqlite3* in_memory() {
  sqlite3* handle = nullptr;
  sqlite3_open(":memory:", &handle);
  return handle;
}

void BytesImage::read(PageNumber number, std::span<std::byte> out) const {
  std::memcpy(out.data(), bytes_.data() + (number - 1) * page_size_, page_size_);
}

DecodedDatabase::DecodedDatabase(const std::string& setup, const config::TableRules& rules, int page_size)
    : handle_(in_memory(), &sqlite3_close), page_size_(page_size) {
  run(fmt::format("PRAGMA page_size={}", page_size));
  run(setup);
  last_ = std::make_unique<BytesImage>(image());
  decoder_ = std::make_unique<capture::sqlite::TransactionDecoder>(*last_, rules);
}

DecodedDatabase::~DecodedDatabase() = default;

void DecodedDatabase::run(const std::string& sql) {
  if (sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    throw std::runtime_error(fmt::format("{}: {}", sqlite3_errmsg(handle_.get()), sql));
  }
}

BytesImage DecodedDatabase::image() const {
  sqlite3_int64 size = 0;
  unsigned char* const bytes = sqlite3_serialize(handle_.get(), "main", &size, 0);
  const std::span<const std::byte> view{reinterpret_cast<const std::byte*>(bytes), static_cast<std::size_t>(size)};
  std::vector<std::byte> copy(view.begin(), view.end());
  sqlite3_free(bytes);
  // SQLite may have been asked for another page size meanwhile.
  std::size_t page_size = static_cast<std::size_t>(page_size_);
  if (copy.size() >= 18) {
    page_size = (std::to_integer<std::size_t>(copy[16]) << 8U) | std::to_integer<std::size_t>(copy[17]);
    if (page_size == 1) page_size = 65536;
  }
  return BytesImage(std::move(copy), page_size);
}

std::vector<std::string> DecodedDatabase::changes(const std::string& sql) {
  run(sql);
  auto now = std::make_unique<BytesImage>(image());
  Lines lines;
  const std::uint64_t emitted = decoder_->decode(*last_, *now, differing(*last_, *now), lines);
  if (emitted != lines.lines.size()) throw std::logic_error("another number of changes was returned than emitted");
  last_ = std::move(now);
  return lines.lines;
}

std::vector<std::string> DecodedDatabase::rows(const std::string& name) const {
  std::vector<std::string> result;
  capture::sqlite::read_table(*last_, *table(name), [&](change::Tuple row) {
    result.push_back(text(row));
    return true;
  });
  return result;
}

capture::sqlite::TableLayoutPtr DecodedDatabase::table(const std::string& name) const {
  for (const capture::sqlite::TableLayoutPtr& layout : decoder_->tables()) {
    if (layout->relation->name == name) return layout;
  }
  throw std::runtime_error("no table " + name);
}

}  // namespace pgmirror::tests
