#include "capture/postgres/streamed_cells.hpp"

#include <algorithm>

#include "capture/postgres/frame_reader.hpp"

namespace pgmirror::capture::postgres {

change::Tuple streamed_row(const StreamedRelation& relation, change::Tuple streamed,
                           std::vector<change::Value>& cells) {
  if (streamed.size() != relation.places.size())
    throw MalformedMessage("stream message: a row has not as many cells as its table has columns");
  cells.assign(relation.relation->columns.size(), change::Value::null());
  for (std::size_t i = 0; i < streamed.size(); ++i) {
    if (const auto place = relation.places[i]) cells[*place] = streamed[i];
  }
  return cells;
}

change::Tuple streamed_identity(const StreamedRelation& relation, change::Tuple streamed, bool key_only,
                                std::vector<change::Value>& cells) {
  streamed_row(relation, streamed, cells);
  const bool full = relation.relation->identity == change::ReplicaIdentity::full;
  if (full && key_only) throw MalformedMessage("stream message: a key was sent where the whole old row identifies it");
  if (full) return cells;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (std::ranges::find(relation.relation->key, i) == relation.relation->key.end())
      cells[i] = change::Value::unchanged();
  }
  return cells;
}

}  // namespace pgmirror::capture::postgres
