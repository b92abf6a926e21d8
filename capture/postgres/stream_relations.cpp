#include "capture/postgres/stream_relations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "capture/postgres/frame_reader.hpp"

namespace pgmirror::capture::postgres {
namespace {

void take_name(change::RelationPtr& relation, const change::Relation& from) {
  if (relation->name == from.name && relation->schema == from.schema) return;
  change::Relation renamed = *relation;
  renamed.schema = from.schema;
  renamed.name = from.name;
  relation = std::make_shared<const change::Relation>(std::move(renamed));
}

/// False where nobody can tell which column is which.
bool number_columns(StreamedRelation& described, const StreamedRelation& told) {
  if (!described.other_moment) return true;
  auto numbers = column_numbers(*described.relation, {told.relation, told.column_numbers}, *described.other_moment);
  described.other_moment.reset();
  if (!numbers) return false;
  described.column_numbers = std::move(*numbers);
  return true;
}

}  // namespace

void StreamRelations::told(ObjectId table, Told told) {
  if (told.at != change::Position{}) newly_told_.insert(table);
  const change::Relation& named = *told.relation.relation;
  if (const auto found = described_.find(table); found != described_.end()) {
    Described& described = found->second;
    described.compared = false;
    // A partitioned table that gets another name is not described again while its partitions are as they were.
    if (described.relation && described.at <= told.at) take_name(described.relation->relation, named);
  }
  told_.insert_or_assign(table, std::move(told));
}

void StreamRelations::forget(ObjectId table) {
  told_.erase(table);
  suspended_.erase(table);
  last_told_.erase(table);
}

const StreamRelations::Told* StreamRelations::as_told(ObjectId table) const {
  const auto found = told_.find(table);
  return found == told_.end() ? nullptr : &found->second;
}

void StreamRelations::describe(ObjectId table, std::optional<StreamedRelation> relation, change::Position at) {
  described_.insert_or_assign(table, Described{.relation = std::move(relation), .at = at});
}

const StreamedRelation* StreamRelations::rows_of(ObjectId table) {
  const auto found = described_.find(table);
  if (found == described_.end())
    throw MalformedMessage(fmt::format("stream message: table {} was never described", table));
  if (!found->second.relation || suspended_.contains(table) || !told_.contains(table)) return nullptr;
  return &*found->second.relation;
}

std::optional<ObjectId> StreamRelations::holder_of_name(const change::Relation& relation, ObjectId table) const {
  for (const auto& [other, known] : told_) {
    const change::Relation& named = *known.relation.relation;
    if (other != table && named.name == relation.name && named.schema == relation.schema) return other;
  }
  return std::nullopt;
}

std::optional<change::SchemaChange> StreamRelations::free_name_of(ObjectId table) {
  const Described& described = described_.at(table);
  if (described.compared) return std::nullopt;
  const std::optional<ObjectId> holder = holder_of_name(*described.relation->relation, table);
  if (!holder) return std::nullopt;
  Told aside = told_.at(*holder);
  change::Relation renamed = *aside.relation.relation;
  renamed.name = fmt::format("pgmirror_renamed_{}", *holder);
  change::SchemaChange change{.before = aside.relation.relation,
                              .after = std::make_shared<const change::Relation>(std::move(renamed))};
  before_.emplace(*holder, aside);
  newly_told_.insert(*holder);
  aside.relation.relation = change.after;
  told(*holder, std::move(aside));
  return change;
}

std::optional<Redefinition> StreamRelations::tell(ObjectId table, change::Position at) {
  Described& described = described_.at(table);
  if (described.compared) return std::nullopt;
  described.compared = true;
  Told& known = told_.at(table);
  if (*known.relation.relation == *described.relation->relation) {
    // The queue writes a definition once for each object, not for each equal one.
    described.relation->relation = known.relation.relation;
    return std::nullopt;
  }
  const bool certain = number_columns(*described.relation, known.relation);
  Redefinition change = redefinition(known.relation.relation, known.relation.column_numbers,
                                     described.relation->relation, described.relation->column_numbers);
  change.certain = change.certain && certain;
  before_.emplace(table, known);
  newly_told_.insert(table);
  known = {.relation = *described.relation, .at = at};
  return change;
}

std::map<ObjectId, StreamedRelation> StreamRelations::newly_told() const {
  std::map<ObjectId, StreamedRelation> tables;
  for (const ObjectId table : newly_told_) {
    if (const auto known = told_.find(table); known != told_.end()) tables.emplace(table, known->second.relation);
  }
  return tables;
}

void StreamRelations::keep(change::Position position) {
  before_.clear();
  for (const ObjectId table : newly_told_) last_told_[table] = position;
  newly_told_.clear();
}

bool StreamRelations::told_since(ObjectId table, change::Position position) const {
  const auto found = last_told_.find(table);
  return found != last_told_.end() && found->second > position;
}

void StreamRelations::undo() {
  for (auto& [table, known] : before_) told(table, std::move(known));
  before_.clear();
  newly_told_.clear();
}

}  // namespace pgmirror::capture::postgres
