#include "capture/postgres/enum_labels.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres {
namespace {

change::SchemaStatement label_statement(const change::SchemaStatement& type, const std::string& action) {
  change::SchemaStatement statement = type;
  statement.kind = enum_label_kind;
  statement.sql = fmt::format("ALTER TYPE {} {}", libpq::qualified(type.schema, type.name), action);
  statement.required = false;
  return statement;
}

/// Behind the literal that begins at `at`.
std::size_t literal_end(std::string_view sql, std::size_t at) {
  if (sql[at] == 'E') ++at;
  for (++at; at < sql.size(); ++at) {
    if (sql[at] != '\'') continue;
    if (sql.substr(at, 2) != "''") return at + 1;
    ++at;
  }
  return sql.size();
}

}  // namespace

std::vector<std::string> enum_labels(const change::SchemaStatement& type) {
  std::vector<std::string> labels;
  const std::string head = fmt::format("CREATE TYPE {} AS ENUM (", libpq::qualified(type.schema, type.name));
  if (!type.sql.starts_with(head)) return labels;
  const std::string_view list = std::string_view(type.sql).substr(head.size());
  for (std::size_t at = 0; at < list.size() && list[at] != ')'; ++at) {
    if (list[at] != '\'' && list[at] != 'E') continue;
    const std::size_t end = literal_end(list, at);
    labels.emplace_back(list.substr(at, end - at));
    at = end - 1;
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

change::SchemaStatement label_rename(const change::SchemaStatement& before, const change::SchemaStatement& after) {
  constexpr std::string_view adding = " ADD VALUE IF NOT EXISTS ";
  const auto label = [&](const change::SchemaStatement& statement) {
    const std::size_t begin = statement.sql.find(adding) + adding.size();
    return statement.sql.substr(begin, literal_end(statement.sql, begin) - begin);
  };
  change::SchemaStatement statement = after;
  statement.kind = "renamed label";
  statement.sql =
      fmt::format("{} RENAME VALUE {} TO {}", after.sql.substr(0, after.sql.find(adding)), label(before), label(after));
  statement.required = false;
  return statement;
}

}  // namespace pgmirror::capture::postgres
