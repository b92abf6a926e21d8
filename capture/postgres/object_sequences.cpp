#include <fmt/format.h>

#include "capture/postgres/object_readers.hpp"
#include "capture/postgres/object_sequences.hpp"
#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres {

std::string sequence_options(const SequenceState& sequence) {
  return fmt::format("START WITH {} INCREMENT BY {} MINVALUE {} MAXVALUE {} CACHE {}{}", sequence.start,
                     sequence.increment, sequence.minimum, sequence.maximum, sequence.cache,
                     sequence.cycles ? " CYCLE" : " NO CYCLE");
}

SchemaObjects sequence_objects(const std::vector<SequenceState>& sequences, const RelationCatalog& catalog) {
  SchemaObjects objects;
  for (const SequenceState& sequence : sequences) {
    if (sequence.identity) continue;
    const ObjectNode node{catalogs::relation, sequence.oid};
    const std::string name = libpq::qualified(sequence.schema, sequence.name);
    objects.push_back({.node = node,
                       .rank = SchemaObject::Rank::sequence,
                       .statement = {.kind = "sequence",
                                     .schema = sequence.schema,
                                     .name = sequence.name,
                                     .sql = fmt::format("CREATE SEQUENCE {} AS {} {}", name, sequence.type_name,
                                                        sequence_options(sequence)),
                                     .required = true}});
    if (sequence.owner == 0) continue;
    const CatalogTable& owner = *catalog.picture().table(sequence.owner);
    objects.push_back(
        {.node = {},
         .rank = SchemaObject::Rank::sequence_owner,
         .statement = {.kind = "sequence owner",
                       .schema = sequence.schema,
                       .name = sequence.name,
                       .sql = fmt::format("ALTER SEQUENCE {} OWNED BY {}.{}", name,
                                          libpq::qualified(owner.schema, owner.name),
                                          libpq::quote_identifier(owner.column(sequence.owner_column)->name))},
         .after = {node, {catalogs::relation, sequence.owner}},
         .table = sequence.owner,
         .undo = fmt::format("ALTER SEQUENCE IF EXISTS {} OWNED BY NONE", name)});
  }
  return objects;
}

}  // namespace pgmirror::capture::postgres
