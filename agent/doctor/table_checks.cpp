#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "agent/doctor/checks.hpp"
#include "libpq/identifier.hpp"

namespace pgmirror::agent::doctor {

using capture::sqlite::StoreDescription;
using change::Relation;
using change::RelationPtr;

namespace {

/// Where the letter case does not count, as in SQLite.
bool same_name(std::string_view left, std::string_view right) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(left, right, {}, lower, lower);
}

const Relation* find(const std::vector<RelationPtr>& relations, const std::string& name) {
  const auto found =
      std::ranges::find_if(relations, [&](const RelationPtr& relation) { return same_name(relation->name, name); });
  return found == relations.end() ? nullptr : found->get();
}

std::string subject_of(const Relation& relation) { return "table " + relation.qualified_name(); }

/// Foreign keys whose other end the rules keep from the mirror.
void check_references(const Relation& relation, const StoreDescription& store, Findings& findings) {
  for (const change::ForeignKey& key : relation.foreign_keys) {
    const Relation* const there = find(store.mirrored, key.referenced_table);
    const std::string columns = fmt::format("{}", fmt::join(key.columns, ", "));
    if (there == nullptr && find(store.all, key.referenced_table) != nullptr) {
      findings.push_back(
          {.level = Level::warning,
           .subject = subject_of(relation),
           .what = fmt::format("{} refers to table {}, which is excluded", columns, key.referenced_table),
           .why = fmt::format("the mirror gets {} without this foreign key, and its values point nowhere there",
                              relation.name),
           .remedy = fmt::format("mirror {} as well (MIRROR_EXCLUDE_TABLES) and exclude only its private columns "
                                 "(MIRROR_EXCLUDE_COLUMNS={}.COLUMN), or leave it",
                                 key.referenced_table, key.referenced_table)});
      continue;
    }
    if (there == nullptr) continue;
    for (const std::string& column : key.referenced_columns) {
      const bool kept =
          std::ranges::any_of(there->columns, [&](const auto& each) { return same_name(each.name, column); });
      if (kept) continue;
      findings.push_back(
          {.level = Level::warning,
           .subject = subject_of(relation),
           .what = fmt::format("{} refers to {}.{}, a column that is excluded", columns, key.referenced_table, column),
           .why = "the mirror cannot have this foreign key",
           .remedy =
               fmt::format("take {}.{} out of MIRROR_EXCLUDE_COLUMNS, or leave it", key.referenced_table, column)});
    }
  }
}

/// A key or foreign key that loses a column.
void check_excluded_columns(const Relation& whole, const Relation& mirrored, Findings& findings) {
  for (const std::size_t position : whole.key) {
    const std::string& column = whole.columns[position].name;
    if (mirrored.column_position(column)) continue;
    findings.push_back({.level = Level::warning,
                        .subject = subject_of(whole),
                        .what = fmt::format("{} is excluded, and part of its key", column),
                        .why = fmt::format("its rows are told apart by SQLite's rowid instead (column {}), which "
                                           "VACUUM may renumber: rows then arrive as deleted and inserted",
                                           Relation::row_id_column),
                        .remedy = fmt::format("take {}.{} out of MIRROR_EXCLUDE_COLUMNS", whole.name, column)});
  }
  for (const change::ForeignKey& key : whole.foreign_keys) {
    for (const std::string& column : key.columns) {
      if (mirrored.column_position(column)) continue;
      findings.push_back(
          {.level = Level::warning,
           .subject = subject_of(whole),
           .what = fmt::format("{} is excluded, and refers to {}", column, key.referenced_table),
           .why = "the mirror cannot have this foreign key",
           .remedy = fmt::format("take {}.{} out of MIRROR_EXCLUDE_COLUMNS, or leave it", whole.name, column)});
    }
  }
}

void check_key(const Relation& relation, Findings& findings) {
  if (!relation.key.empty() || !relation.has_row_id) return;
  findings.push_back(
      {.level = Level::warning,
       .subject = subject_of(relation),
       .what = "has no primary key",
       .why =
           fmt::format("its rows are told apart by SQLite's rowid (column {} in the mirror); after a VACUUM they may "
                       "all arrive as changed",
                       Relation::row_id_column),
       .remedy = "give it an INTEGER PRIMARY KEY in the application, or leave it"});
}

void check_name(const std::string& what, const std::string& name, const std::string& subject, Findings& findings) {
  if (name.size() <= libpq::longest_identifier) return;
  findings.push_back({.level = Level::warning,
                      .subject = subject,
                      .what = fmt::format("{} {} is longer than {} bytes", what, name, libpq::longest_identifier),
                      .why = fmt::format("PostgreSQL has no longer names: it is called {} in the mirror",
                                         libpq::mirror_identifier(name)),
                      .remedy = "use that name in queries of the mirror"});
}

void check_rules(const config::Config& config, const StoreDescription& store, Findings& findings) {
  std::vector<config::KnownTable> known;
  for (const RelationPtr& relation : store.all) {
    config::KnownTable table{.schema = relation->schema, .name = relation->name};
    for (const change::Column& column : relation->columns) table.columns.push_back(column.name);
    known.push_back(std::move(table));
  }
  for (const std::string& pattern : config.tables.patterns_without_match(known)) {
    findings.push_back({.level = Level::warning,
                        .subject = "rules",
                        .what = fmt::format("{} matches nothing in the source", pattern),
                        .why = "what it was meant to keep back, or to let through, has another name",
                        .remedy = "mend the name; upper and lower case count"});
  }
}

}  // namespace

Findings check_tables(const config::Config& config, const StoreDescription& store) {
  Findings findings;
  if (!store.unreadable.empty()) {
    findings.push_back({.level = Level::error,
                        .subject = "tables",
                        .what = store.unreadable,
                        .why = "pgmirror run would end with this message",
                        .remedy = "as the message says"});
  }
  check_rules(config, store, findings);
  for (const RelationPtr& relation : store.mirrored) {
    check_references(*relation, store, findings);
    const Relation* const whole = find(store.all, relation->name);
    if (whole != nullptr) check_excluded_columns(*whole, *relation, findings);
    if (whole != nullptr) check_key(*whole, findings);
    check_name("its name", relation->name, subject_of(*relation), findings);
    for (const change::Column& column : relation->columns) {
      check_name("column", column.name, subject_of(*relation), findings);
    }
  }
  for (const std::string& column : store.uncomputable) {
    findings.push_back({.level = Level::warning,
                        .subject = "column " + column,
                        .what = "is computed by a function that only the application has",
                        .why = "it is not stored, so it cannot be mirrored",
                        .remedy = "declare it STORED in the application, or leave it"});
  }
  for (const std::string& table : store.virtual_tables) {
    findings.push_back({Level::ok, "table " + table, "is a virtual table: not mirrored"});
  }
  return findings;
}

}  // namespace pgmirror::agent::doctor
