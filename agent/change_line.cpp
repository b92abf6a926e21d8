#include "agent/change_line.hpp"

#include <fmt/format.h>

#include <chrono>
#include <variant>
#include <vector>

#include "agent/log_line.hpp"

namespace pgmirror::agent {

namespace {

using change::Value;
using change::ValueKind;

constexpr std::size_t longest_cell = 200;

std::string escaped(std::string_view bytes) {
  std::string text;
  for (const char c : bytes.substr(0, longest_cell)) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      text += c;
    }
  }
  return bytes.size() > longest_cell ? fmt::format("{}... ({} bytes)", text, bytes.size()) : text;
}

std::string cell_text(const Value& cell) {
  switch (cell.kind()) {
    case ValueKind::null:
      return "null";
    case ValueKind::unchanged:
      return "unchanged";
    case ValueKind::integer:
      return std::to_string(cell.as_integer());
    case ValueKind::real:
      return fmt::format("{}", cell.as_real());
    case ValueKind::text:
      return fmt::format("'{}'", escaped(cell.bytes()));
    case ValueKind::blob:
      return fmt::format("blob of {} bytes", cell.bytes().size());
  }
  return {};
}

std::string key_text(const change::Relation& relation, change::Tuple row) {
  std::vector<std::size_t> columns = relation.key;
  if (columns.empty() && relation.has_row_id) columns.push_back(0);
  std::string text;
  for (const std::size_t column : columns) {
    text += text.empty() ? "#" : ",";
    text += row[column].kind() == ValueKind::text ? escaped(row[column].bytes()) : cell_text(row[column]);
  }
  return text;
}

std::string row_text(const change::Relation& relation, change::Tuple row) {
  std::string text;
  for (std::size_t column = 0; column < row.size(); ++column) {
    if (row[column].is_unchanged()) continue;
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", relation.columns[column].name, cell_text(row[column]));
  }
  return fmt::format(" {{{}}}", text);
}

const char* to_text(change::RowOperation operation) {
  switch (operation) {
    case change::RowOperation::insert:
      return "insert";
    case change::RowOperation::update:
      return "update";
    case change::RowOperation::remove:
      return "delete";
  }
  return "";
}

struct LineOf {
  ShownCells cells;

  std::string operator()(const queue::Begin&) const { return "begin"; }
  std::string operator()(const change::RowChange& change) const {
    const change::Relation& relation = *change.relation;
    const change::Tuple identity = change.old_key.empty() ? change.new_row : change.old_key;
    std::string line =
        fmt::format("{} {}{}", to_text(change.operation), relation.qualified_name(), key_text(relation, identity));
    if (!change.old_key.empty() && !change.new_row.empty()) line += " -> " + key_text(relation, change.new_row);
    if (cells == ShownCells::all && !change.new_row.empty()) line += row_text(relation, change.new_row);
    return line;
  }
  std::string operator()(const change::SchemaChange& change) const {
    if (!change.before) return "create table " + change.after->qualified_name();
    if (!change.after) return "drop table " + change.before->qualified_name();
    return "alter table " + change.before->qualified_name();
  }
  std::string operator()(const change::Truncation& change) const {
    std::string line = "truncate";
    for (const change::RelationPtr& relation : change.relations) line += " " + relation->qualified_name();
    return line;
  }
  std::string operator()(const change::ContentGap& gap) const {
    return fmt::format("copy again {}: {}", gap.relation->qualified_name(), gap.reason);
  }
  std::string operator()(const change::SchemaStatement& statement) const {
    return fmt::format("define {} {}{}{}", statement.kind, statement.schema, statement.schema.empty() ? "" : ".",
                       statement.name);
  }
  std::string operator()(const change::SequenceValue& value) const {
    return fmt::format("sequence {}.{} is at {}", value.schema, value.name, value.value);
  }
  std::string operator()(const change::Commit& commit) const {
    return fmt::format("commit {} {}", to_string(commit.position),
                       utc_timestamp(std::chrono::time_point_cast<LogTime::duration>(commit.time)));
  }
};

}  // namespace

std::string change_line(const queue::Item& item, ShownCells cells) { return std::visit(LineOf{cells}, item); }

}  // namespace pgmirror::agent
