#include "sinks/postgres/type_learning.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "libpq/identifier.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using Type = std::pair<std::string, std::string>;
using Labels = std::vector<std::string>;  ///< as literals

std::map<Type, Labels> standing_labels(libpq::Connection& connection) {
  const libpq::Result rows = connection.execute(
      "SELECT n.nspname, t.typname, pg_catalog.quote_literal(e.enumlabel) FROM pg_catalog.pg_enum e"
      " JOIN pg_catalog.pg_type t ON t.oid = e.enumtypid JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace"
      " ORDER BY t.oid, e.enumsortorder");
  std::map<Type, Labels> labels;
  for (int row = 0; row < rows.rows(); ++row) {
    labels[{std::string(rows.text(row, 0)), std::string(rows.text(row, 1))}].emplace_back(rows.text(row, 2));
  }
  return labels;
}

/// The label that a statement adds.
std::string added_label(std::string_view sql) {
  constexpr std::string_view adding = " ADD VALUE IF NOT EXISTS ";
  const std::size_t found = sql.find(adding);
  if (found == std::string_view::npos) return {};
  sql.remove_prefix(found + adding.size());
  std::size_t end = sql.find('\'') + 1;
  while (end < sql.size() && (sql[end] != '\'' || sql.substr(end, 2) == "''")) end += sql[end] == '\'' ? 2U : 1U;
  return std::string(sql.substr(0, end + 1));
}

bool holds(const Labels& labels, const std::string& label) { return std::ranges::find(labels, label) != labels.end(); }

/// Labels are never dropped: one that the source has not was renamed there, to one that stands between the same others.
std::vector<std::pair<std::string, std::string>> renamed_labels(const Labels& here, const Labels& wanted) {
  std::vector<std::pair<std::string, std::string>> renamed;
  auto next = wanted.begin();
  for (const std::string& label : here) {
    if (holds(wanted, label)) {
      next = std::ranges::find(wanted, label) + 1;
      continue;
    }
    if (next == wanted.end() || holds(here, *next)) continue;
    renamed.emplace_back(label, *next++);
  }
  return renamed;
}

}  // namespace

void learn_labels(libpq::Connection& connection, const std::vector<change::SchemaStatement>& additions,
                  SchemaScriptRun& script) {
  if (additions.empty()) return;
  const std::map<Type, Labels> standing = standing_labels(connection);
  std::map<Type, Labels> wanted;
  for (const change::SchemaStatement& addition : additions) {
    wanted[{addition.schema, addition.name}].push_back(added_label(addition.sql));
  }
  for (const auto& [type, labels] : wanted) {
    const auto here = standing.find(type);
    if (here == standing.end()) continue;
    for (const auto& [former, now] : renamed_labels(here->second, labels)) {
      script.run(change::SchemaStatement{.kind = "renamed label",
                                         .schema = type.first,
                                         .name = type.second,
                                         .sql = fmt::format("ALTER TYPE {} RENAME VALUE {} TO {}",
                                                            libpq::qualified(type.first, type.second), former, now)});
    }
  }
  for (const change::SchemaStatement& addition : additions) {
    if (standing.contains({addition.schema, addition.name})) script.run(addition);
  }
}

}  // namespace pgmirror::sinks::postgres
