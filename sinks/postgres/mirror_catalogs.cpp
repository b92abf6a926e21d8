#include "sinks/postgres/mirror_catalogs.hpp"

#include "libpq/identifier.hpp"

namespace pgmirror::sinks::postgres {

const MirrorCatalog& MirrorCatalogs::of(const change::Relation& relation) {
  const std::string& schema = builder_.schema_of(relation);
  const auto found = catalogs_.find(schema);
  if (found != catalogs_.end()) return found->second;
  return catalogs_.emplace(schema, MirrorCatalog::read(connection_, schema)).first->second;
}

const CatalogTable* MirrorCatalogs::table(const change::Relation& relation) {
  return of(relation).table(libpq::mirror_identifier(relation.name));
}

}  // namespace pgmirror::sinks::postgres
