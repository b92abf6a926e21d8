#include "sinks/postgres/type_learning.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
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

/// The label in its place among the others.
change::SchemaStatement adding(const Type& type, const Labels& labels, std::size_t label) {
  std::string place;
  if (label > 0) place = " AFTER " + labels[label - 1];
  if (label == 0 && labels.size() > 1) place = " BEFORE " + labels[1];
  return {.kind = change::enum_label_kind,
          .schema = type.first,
          .name = type.second,
          .sql = fmt::format("ALTER TYPE {} ADD VALUE IF NOT EXISTS {}{}", libpq::qualified(type.first, type.second),
                             labels[label], place),
          .parts = {labels[label]}};
}

}  // namespace

void learn_labels(libpq::Connection& connection, const std::vector<change::SchemaStatement>& types,
                  SchemaScriptRun& script) {
  std::map<Type, Labels> wanted;
  for (const change::SchemaStatement& type : types) {
    if (type.kind != "enum type" && type.kind != change::enum_label_kind) continue;
    std::ranges::copy(type.parts, std::back_inserter(wanted[{type.schema, type.name}]));
  }
  if (wanted.empty()) return;
  const std::map<Type, Labels> standing = standing_labels(connection);
  for (const auto& [type, labels] : wanted) {
    const auto here = standing.find(type);
    if (here == standing.end()) continue;
    Labels known = here->second;
    for (const auto& [former, now] : renamed_labels(here->second, labels)) {
      script.run(change::SchemaStatement{.kind = change::renamed_label_kind,
                                         .schema = type.first,
                                         .name = type.second,
                                         .sql = fmt::format("ALTER TYPE {} RENAME VALUE {} TO {}",
                                                            libpq::qualified(type.first, type.second), former, now),
                                         .parts = {former, now}});
      known.push_back(now);
    }
    for (std::size_t label = 0; label < labels.size(); ++label) {
      if (!holds(known, labels[label])) script.run(adding(type, labels, label));
    }
  }
}

}  // namespace pgmirror::sinks::postgres
