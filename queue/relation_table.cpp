#include "queue/relation_table.hpp"

#include "queue/relation_definition.hpp"
#include "queue/wire.hpp"

namespace pgmirror::queue {
namespace {

// Numbers are given one by one, so a larger one cannot have been written.
constexpr std::uint64_t most_relations = 1U << 24U;

}  // namespace

void RelationTable::define(std::uint64_t id, std::string_view definition) {
  if (id == 0 || id > most_relations) throw wire::Malformed("a relation's number is out of range");
  auto& known = by_definition_[std::string(definition)];
  if (!known) known = std::make_shared<const change::Relation>(parse_definition(definition));
  if (by_id_.size() < id) by_id_.resize(static_cast<std::size_t>(id));
  by_id_[static_cast<std::size_t>(id - 1)] = known;
}

const change::RelationPtr& RelationTable::at(std::uint64_t id) const {
  if (id == 0 || id > by_id_.size() || !by_id_[static_cast<std::size_t>(id - 1)]) {
    throw wire::Malformed("a relation is used before it is defined");
  }
  return by_id_[static_cast<std::size_t>(id - 1)];
}

}  // namespace pgmirror::queue
