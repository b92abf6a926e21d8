#include "capture/postgres/enum_labels.hpp"

#include <fmt/format.h>

#include <string_view>

#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres {
namespace {

change::SchemaStatement label_statement(const change::SchemaStatement& type, const std::string& label,
                                        const std::string& action) {
  change::SchemaStatement statement = type;
  statement.kind = change::enum_label_kind;
  statement.parts = {label};
  statement.sql = fmt::format("ALTER TYPE {} {}", libpq::qualified(type.schema, type.name), action);
  statement.required = false;
  return statement;
}

}  // namespace

std::vector<change::SchemaStatement> label_additions(const change::SchemaStatement& type) {
  const std::vector<std::string>& labels = type.parts;
  std::vector<change::SchemaStatement> additions;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    std::string place;
    if (i > 0) place = " AFTER " + labels[i - 1];
    if (i == 0 && labels.size() > 1) place = " BEFORE " + labels[1];
    additions.push_back(
        label_statement(type, labels[i], fmt::format("ADD VALUE IF NOT EXISTS {}{}", labels[i], place)));
  }
  return additions;
}

change::SchemaStatement label_rename(const change::SchemaStatement& before, const change::SchemaStatement& after) {
  constexpr std::string_view adding = " ADD VALUE IF NOT EXISTS ";
  change::SchemaStatement statement = after;
  statement.kind = change::renamed_label_kind;
  statement.parts = {before.parts.front(), after.parts.front()};
  statement.sql = fmt::format("{} RENAME VALUE {} TO {}", after.sql.substr(0, after.sql.find(adding)),
                              before.parts.front(), after.parts.front());
  statement.required = false;
  return statement;
}

}  // namespace pgmirror::capture::postgres
