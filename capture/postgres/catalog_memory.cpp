#include "capture/postgres/catalog_memory.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <charconv>
#include <stdexcept>
#include <type_traits>

#include "capture/postgres/durable_file.hpp"

namespace pgmirror::capture::postgres {
namespace {

constexpr std::string_view any_format = "pgmirror catalog ";
constexpr std::string_view format_line = "pgmirror catalog 2\n";

/// Numbers as decimals and texts as their length and bytes, each followed by a comma.
class Writer {
 public:
  explicit Writer(std::string& bytes) : bytes_(bytes) {}
  template <typename Number>
  requires std::is_arithmetic_v<Number>
  void operator()(const Number& number) { bytes_ += std::to_string(static_cast<long long>(number)) + ","; }
  void operator()(const std::string& text) {
    (*this)(text.size());
    bytes_ += text + ",";
  }

 private:
  std::string& bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  template <typename Number>
  requires std::is_arithmetic_v<Number>
  void operator()(Number& number) {
    long long value = 0;
    const auto [end, failure] = std::from_chars(bytes_.data(), bytes_.data() + bytes_.size(), value);
    if (failure != std::errc{}) broken();
    bytes_.remove_prefix(static_cast<std::size_t>(end - bytes_.data()));
    comma();
    number = static_cast<Number>(value);
  }
  void operator()(std::string& text) {
    std::size_t size = 0;
    (*this)(size);
    if (size > bytes_.size()) broken();
    text = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    comma();
  }
  bool at_end() const { return bytes_.empty(); }

 private:
  [[noreturn]] static void broken() { throw std::runtime_error("not a whole catalog picture"); }
  void comma() {
    if (!bytes_.starts_with(',')) broken();
    bytes_.remove_prefix(1);
  }

  std::string_view bytes_;
};

template <typename Archive, typename Item>
void describe_each(Archive& archive, std::vector<Item>& items) {
  std::size_t size = items.size();
  archive(size);
  if constexpr (std::is_same_v<Archive, Reader>) items.clear();
  for (std::size_t i = 0; i < size; ++i) {
    if constexpr (std::is_same_v<Archive, Reader>) items.emplace_back();
    describe(archive, items[i]);
  }
}

template <typename Archive>
void describe(Archive& archive, int& number) {
  archive(number);
}

template <typename Archive>
void describe(Archive& archive, std::string& text) {
  archive(text);
}

template <typename Archive>
void describe(Archive& archive, std::optional<std::string>& text) {
  bool there = text.has_value();
  archive(there);
  if (there && !text) text.emplace();
  if (text) archive(*text);
}

template <typename Archive>
void describe(Archive& archive, CatalogColumn& column) {
  archive(column.number);
  archive(column.name);
  archive(column.type);
  archive(column.modifier);
  archive(column.type_name);
  archive(column.not_null);
  archive(column.generated);
  describe(archive, column.default_sql);
  describe(archive, column.missing_value);
  archive(column.collation);
  archive(column.written_by);
}

template <typename Archive>
void describe(Archive& archive, CatalogLeaf& leaf) {
  archive(leaf.oid);
  archive(leaf.file);
  archive(leaf.born_as_leaf);
}

template <typename Archive>
void describe(Archive& archive, CatalogTable& table) {
  archive(table.oid);
  archive(table.schema);
  archive(table.name);
  archive(table.partitioned);
  archive(table.unlogged);
  archive(table.replica_identity);
  describe_each(archive, table.identity_index);
  describe_each(archive, table.primary_key);
  archive(table.primary_key_deferred);
  archive(table.identity_in_all_leaves);
  describe_each(archive, table.leaves);
  describe_each(archive, table.columns);
  describe_each(archive, table.left_out);
}

template <typename Archive>
void describe(Archive& archive, ScriptedObject& object) {
  archive(object.node.catalog);
  archive(object.node.oid);
  archive(object.table);
  bool after_data = object.statement.stage == change::SchemaStatement::Stage::after_data;
  archive(after_data);
  object.statement.stage =
      after_data ? change::SchemaStatement::Stage::after_data : change::SchemaStatement::Stage::before_data;
  archive(object.statement.kind);
  archive(object.statement.schema);
  archive(object.statement.name);
  archive(object.statement.sql);
  archive(object.statement.required);
  archive(object.statement.table);
  describe_each(archive, object.statement.parts);
  archive(object.written_by);
  archive(object.undo);
}

template <typename Archive>
void describe(Archive& archive, CatalogPicture& picture) {
  describe_each(archive, picture.tables);
  describe_each(archive, picture.objects);
}

}  // namespace

std::string to_bytes(const CatalogPicture& picture) {
  std::string bytes(format_line);
  Writer writer(bytes);
  // One description serves both ways; writing changes nothing.
  describe(writer, const_cast<CatalogPicture&>(picture));
  return bytes;
}

CatalogPicture picture_of(std::string_view bytes) {
  if (!bytes.starts_with(format_line)) throw std::runtime_error("not a catalog picture of this version");
  Reader reader(bytes.substr(format_line.size()));
  CatalogPicture picture;
  describe(reader, picture);
  if (!reader.at_end()) throw std::runtime_error("more than a catalog picture");
  return picture;
}

std::optional<CatalogPicture> recall_picture(const std::filesystem::path& file) {
  const std::optional<std::string> bytes = file_content(file);
  if (!bytes) return std::nullopt;
  if (bytes->starts_with(any_format) && !bytes->starts_with(format_line)) {
    spdlog::warn("[MirrorSource] {} was written by another version of pgmirror: every table is compared again",
                 file.string());
    return CatalogPicture{};
  }
  try {
    return picture_of(*bytes);
  } catch (const std::runtime_error& reason) {
    throw std::runtime_error(
        fmt::format("catalog memory {}: {}; what happened to the source's tables meanwhile is not "
                    "known, remove the file and run \"pgmirror resync --all\"",
                    file.string(), reason.what()));
  }
}

void keep_picture(const std::filesystem::path& file, const CatalogPicture& picture) {
  replace_file(file, to_bytes(picture));
}

}  // namespace pgmirror::capture::postgres
