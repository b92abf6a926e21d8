#include "capture/postgres/told_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <stdexcept>
#include <utility>

#include "capture/postgres/catalog_memory.hpp"
#include "capture/postgres/durable_file.hpp"
#include "capture/postgres/event_writing.hpp"

namespace pgmirror::capture::postgres {
namespace {

/// A table of which follow() makes the same relation.
CatalogTable as_table(ObjectId oid, const StreamedRelation& told) {
  const change::Relation& relation = *told.relation;
  CatalogTable table;
  table.oid = oid;
  table.schema = relation.schema;
  table.name = relation.name;
  // Numbers that are not known any more only have to differ.
  int unknown = 0;
  for (std::size_t i = 0; i < relation.columns.size(); ++i) {
    const change::Column& column = relation.columns[i];
    const int number = i < told.column_numbers.size() ? told.column_numbers[i] : 0;
    table.columns.push_back({.number = number > 0 ? number : --unknown,
                             .name = column.name,
                             .type_name = column.declared_type,
                             .not_null = column.not_null,
                             .collation = column.collation});
  }
  std::vector<int> key;
  for (const std::size_t column : relation.key) key.push_back(table.columns[column].number);
  switch (relation.identity) {
    case change::ReplicaIdentity::full:
      table.replica_identity = 'f';
      table.primary_key = std::move(key);
      break;
    case change::ReplicaIdentity::key:
      table.replica_identity = 'i';
      table.identity_index = std::move(key);
      break;
    case change::ReplicaIdentity::nothing:
      table.replica_identity = 'n';
      break;
  }
  return table;
}

StreamedRelation as_told(const CatalogTable& table) {
  StreamedRelation told = as_streamed(follow(table, config::TableRules{}).value());
  for (int& number : told.column_numbers) number = std::max(0, number);
  return told;
}

/// Every table is news then: recall_picture().
bool of_another_version(std::string_view bytes) {
  const std::string nothing = to_bytes({});
  return !bytes.starts_with(std::string_view(nothing).substr(0, nothing.find('\n')));
}

bool same(const CatalogTable& told, const CatalogTable& remembered) {
  const auto followed = follow(remembered, config::TableRules{});
  if (!followed) return false;
  const StreamedRelation known = as_told(told);
  return *known.relation == *followed->relation && known.column_numbers == followed->column_numbers;
}

}  // namespace

ToldTables::ToldTables(std::filesystem::path file) : file_(std::move(file)) {
  const auto content = file_content(file_);
  if (!content) return;
  // Each entry is its position, the length of a picture of its table alone, and the picture.
  std::string_view rest = *content;
  const auto broken = [this] {
    return std::runtime_error(fmt::format(
        "{}: is not whole; what the mirrors were told of tables last is not known, remove the file and run \"pgmirror "
        "resync --all\"",
        file_.string()));
  };
  const auto number = [&rest, &broken] {
    std::uint64_t value = 0;
    const auto [end, failure] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    const auto length = static_cast<std::size_t>(end - rest.data());
    if (failure != std::errc{} || length == rest.size()) throw broken();
    rest.remove_prefix(length + 1);
    return value;
  };
  while (!rest.empty()) {
    const change::Position position{number()};
    const std::uint64_t size = number();
    if (size > rest.size()) throw broken();
    if (of_another_version(rest)) {
      entries_.clear();
      return;
    }
    CatalogPicture picture = picture_of(rest.substr(0, size));
    rest.remove_prefix(size);
    if (picture.tables.size() != 1) throw broken();
    entries_.push_back({.position = position, .table = std::move(picture.tables.front())});
  }
}

void ToldTables::add(change::Position position, const std::map<ObjectId, StreamedRelation>& tables) {
  if (tables.empty()) return;
  for (const auto& [oid, told] : tables) entries_.push_back({.position = position, .table = as_table(oid, told)});
  keep();
}

std::map<ObjectId, StreamedRelation> ToldTables::known_at(change::Position end) {
  const auto behind = [end](const Entry& entry) { return entry.position > end; };
  if (std::erase_if(entries_, behind) > 0) keep();
  std::map<ObjectId, StreamedRelation> known;
  for (const Entry& entry : entries_) known.insert_or_assign(entry.table.oid, as_told(entry.table));
  return known;
}

void ToldTables::settle(const CatalogPicture& picture, change::Position durable) {
  std::set<ObjectId> differing;
  for (const Entry& entry : entries_) {
    const CatalogTable* const remembered = picture.table(entry.table.oid);
    const bool settled = entry.position <= durable && (remembered == nullptr || same(entry.table, *remembered));
    if (settled) differing.erase(entry.table.oid);
    if (!settled) differing.insert(entry.table.oid);
  }
  const auto settled = [&](const Entry& entry) { return !differing.contains(entry.table.oid); };
  if (std::erase_if(entries_, settled) > 0) keep();
}

void ToldTables::keep() const {
  std::string bytes;
  for (const Entry& entry : entries_) {
    CatalogPicture picture;
    picture.tables.push_back(entry.table);
    const std::string table = to_bytes(picture);
    bytes += fmt::format("{} {} {}", entry.position.value, table.size(), table);
  }
  replace_file(file_, bytes);
}

}  // namespace pgmirror::capture::postgres
