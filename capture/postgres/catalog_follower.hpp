#pragma once

#include <chrono>
#include <optional>
#include <stop_token>

#include "capture/postgres/publication.hpp"
#include "capture/postgres/relation_catalog.hpp"
#include "capture/postgres/stream_follower.hpp"
#include "capture/postgres/stream_relations.hpp"
#include "config/config.hpp"

namespace pgmirror::capture::postgres {

/// Follows the source's catalog beside the stream: what rows mean, which tables are published, and what changes there
/// without a word in the stream. One thread, a session of its own that is opened again when it was lost.
class CatalogFollower {
 public:
  CatalogFollower(const config::PostgresSource& settings, const config::TableRules& rules, Publications publications,
                  StreamRelations& relations);

  /// Reads the catalog and publishes what the rules want. `new_slot`: nothing that is published now can be missing from
  /// the stream. Throws DatabaseError.
  void start(bool new_slot);

  /// For the stream. Throws DatabaseError.
  std::optional<StreamedRelation> describe(const RelationMessage& message);

  /// Makes the server's log grow by a few bytes. Throws DatabaseError.
  void grow_log();

 private:
  libpq::Connection& connection();

  const config::PostgresSource settings_;
  Publications publications_;
  StreamRelations& relations_;
  RelationCatalog catalog_;
  std::optional<libpq::Connection> connection_;
};

}  // namespace pgmirror::capture::postgres
