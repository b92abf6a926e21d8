#pragma once

#include <map>
#include <string>

#include "change/relation.hpp"
#include "libpq/connection.hpp"
#include "sinks/postgres/mirror_catalog.hpp"
#include "sinks/postgres/schema_builder.hpp"

namespace pgmirror::sinks::postgres {

/// The catalogs of the schemas that relations land in, each read once. One thread.
class MirrorCatalogs {
 public:
  /// Both outlive the object.
  MirrorCatalogs(libpq::Connection& connection, const SchemaBuilder& builder)
      : connection_(connection), builder_(builder) {}

  /// Throws DatabaseError.
  const MirrorCatalog& of(const change::Relation& relation);
  /// Null where no such table stands.
  const CatalogTable* table(const change::Relation& relation);
  void forget() { catalogs_.clear(); }

 private:
  libpq::Connection& connection_;
  const SchemaBuilder& builder_;
  std::map<std::string, MirrorCatalog> catalogs_;
};

}  // namespace pgmirror::sinks::postgres
