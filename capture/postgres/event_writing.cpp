#include "capture/postgres/event_writing.hpp"

namespace pgmirror::capture::postgres {
namespace {

void write_redefinition(const CatalogEvent& event, change::Position as_of, StreamRelations& relations,
                        change::TransactionWriter& writer) {
  if (!redefines(event.table, as_of, relations)) return;
  const StreamRelations::Told* const known = relations.as_told(event.table.oid);
  const Redefinition change = redefinition(known->relation.relation, known->relation.column_numbers,
                                           event.table.relation, event.table.column_numbers);
  writer.schema(change.change);
  if (!change.certain) writer.gap({.relation = event.table.relation, .reason = "its columns were defined anew"});
  relations.told(event.table.oid, {.relation = as_streamed(event.table), .at = as_of});
}

/// A layout holds for the table as the picture has it.
bool tells_the_latest(ObjectId table, change::Position as_of, const StreamRelations& relations) {
  const StreamRelations::Told* const known = relations.as_told(table);
  return known != nullptr && known->at <= as_of;
}

/// As the queue knows it, so that one table has one definition there.
change::RelationPtr known_relation(const FollowedTable& table, const StreamRelations& relations) {
  const StreamRelations::Told* const known = relations.as_told(table.oid);
  return known == nullptr ? table.relation : known->relation.relation;
}

}  // namespace

StreamedRelation as_streamed(const FollowedTable& table) {
  return {.relation = table.relation, .places = {}, .column_numbers = table.column_numbers};
}

bool redefines(const FollowedTable& table, change::Position as_of, const StreamRelations& relations) {
  const StreamRelations::Told* const known = relations.as_told(table.oid);
  // What the stream told since is newer than the picture.
  if (known == nullptr || known->at > as_of || *known->relation.relation == *table.relation) return false;
  // The stream has given its name to another table since: what this one is called now is told next.
  const auto holder = relations.holder_of_name(*table.relation, table.oid);
  return !holder || relations.as_told(*holder)->at <= as_of;
}

void write_event(const CatalogEvent& event, change::Position as_of, StreamRelations& relations,
                 change::TransactionWriter& writer) {
  switch (event.kind) {
    case CatalogEvent::Kind::statement:
      if (event.table.oid == 0 || tells_the_latest(event.table.oid, as_of, relations))
        writer.statement(event.statement);
      break;
    case CatalogEvent::Kind::table_redefined:
      write_redefinition(event, as_of, relations, writer);
      break;
    case CatalogEvent::Kind::table_disappeared:
      if (const StreamRelations::Told* const known = relations.as_told(event.table.oid)) {
        writer.schema({.before = known->relation.relation, .after = nullptr});
        relations.forget(event.table.oid);
      }
      break;
    case CatalogEvent::Kind::content_gap:
      if (relations.as_told(event.table.oid) != nullptr)
        writer.gap({.relation = known_relation(event.table, relations), .reason = event.reason});
      break;
    case CatalogEvent::Kind::table_appeared:
    case CatalogEvent::Kind::following_changed:
      break;
  }
}

void write_new_content(const FollowedTable& table, change::Position as_of, const std::string& reason,
                       StreamRelations& relations, change::TransactionWriter& writer) {
  if (relations.as_told(table.oid) == nullptr) {
    writer.schema({.before = nullptr, .after = table.relation});
    relations.told(table.oid, {.relation = as_streamed(table), .at = as_of});
  }
  writer.gap({.relation = known_relation(table, relations), .reason = reason});
  relations.resume(table.oid);
}

}  // namespace pgmirror::capture::postgres
