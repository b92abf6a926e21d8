#include "capture/postgres/enum_labels.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres {
namespace {

change::SchemaStatement label_statement(const change::SchemaStatement& type, const std::string& action) {
  change::SchemaStatement statement = type;
  statement.kind = "enum label";
  statement.sql = fmt::format("ALTER TYPE {} {}", libpq::qualified(type.schema, type.name), action);
  statement.required = false;
  return statement;
}

}  // namespace

std::vector<std::string> enum_labels(const change::SchemaStatement& type) {
  std::vector<std::string> labels;
  const std::string head = fmt::format("CREATE TYPE {} AS ENUM (", libpq::qualified(type.schema, type.name));
  if (!type.sql.starts_with(head)) return labels;
  const std::string_view list = std::string_view(type.sql).substr(head.size());
  for (std::size_t at = 0; at < list.size() && list[at] != ')'; ++at) {
    const std::size_t begin = at;
    if (list[at] == 'E') ++at;
    if (list[at] != '\'') continue;
    for (++at; at < list.size(); ++at) {
      if (list[at] != '\'') continue;
      if (list.substr(at, 2) != "''") break;
      ++at;
    }
    labels.emplace_back(list.substr(begin, at + 1 - begin));
  }
  return labels;
}

std::vector<change::SchemaStatement> label_additions(const change::SchemaStatement& type) {
  const std::vector<std::string> labels = enum_labels(type);
  std::vector<change::SchemaStatement> additions;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    std::string place;
    if (i > 0) place = " AFTER " + labels[i - 1];
    if (i == 0 && labels.size() > 1) place = " BEFORE " + labels[1];
    additions.push_back(label_statement(type, fmt::format("ADD VALUE IF NOT EXISTS {}{}", labels[i], place)));
  }
  return additions;
}

std::vector<change::SchemaStatement> enum_changes(const change::SchemaStatement& before,
                                                  const change::SchemaStatement& after) {
  const std::vector<std::string> was = enum_labels(before);
  const std::vector<std::string> is = enum_labels(after);
  if (was.size() != is.size()) return label_additions(after);
  std::vector<change::SchemaStatement> renames;
  for (std::size_t i = 0; i < was.size(); ++i) {
    if (was[i] != is[i]) {
      renames.push_back(label_statement(after, fmt::format("RENAME VALUE {} TO {}", was[i], is[i])));
    }
  }
  return renames;
}

}  // namespace pgmirror::capture::postgres
