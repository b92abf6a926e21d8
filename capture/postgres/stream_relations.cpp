#include "capture/postgres/stream_relations.hpp"

#include <fmt/format.h>

#include "capture/postgres/frame_reader.hpp"

namespace pgmirror::capture::postgres {

void StreamRelations::told(ObjectId table, Told told) {
  told_.insert_or_assign(table, std::move(told));
  if (const auto found = described_.find(table); found != described_.end()) found->second.compared = false;
}

void StreamRelations::forget(ObjectId table) {
  told_.erase(table);
  suspended_.erase(table);
}

const StreamRelations::Told* StreamRelations::as_told(ObjectId table) const {
  const auto found = told_.find(table);
  return found == told_.end() ? nullptr : &found->second;
}

void StreamRelations::describe(ObjectId table, std::optional<StreamedRelation> relation) {
  described_.insert_or_assign(table, Described{.relation = std::move(relation)});
}

const StreamedRelation* StreamRelations::rows_of(ObjectId table) {
  const auto found = described_.find(table);
  if (found == described_.end())
    throw MalformedMessage(fmt::format("stream message: table {} was never described", table));
  if (!found->second.relation || suspended_.contains(table) || !told_.contains(table)) return nullptr;
  return &*found->second.relation;
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
  Redefinition change = redefinition(known.relation.relation, known.relation.column_numbers,
                                     described.relation->relation, described.relation->column_numbers);
  before_.emplace(table, known);
  known = {.relation = *described.relation, .at = at};
  return change;
}

void StreamRelations::undo() {
  for (auto& [table, known] : before_) told(table, std::move(known));
  before_.clear();
}

}  // namespace pgmirror::capture::postgres
