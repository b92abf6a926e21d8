#include "capture/postgres/catalog_follower.hpp"

#include "capture/postgres/source_session.hpp"

namespace pgmirror::capture::postgres {
namespace {

StreamedRelation as_streamed(const FollowedTable& table) {
  return {.relation = table.relation, .places = {}, .column_numbers = table.column_numbers};
}

}  // namespace

CatalogFollower::CatalogFollower(const config::PostgresSource& settings, const config::TableRules& rules,
                                 Publications publications, StreamRelations& relations)
    : settings_(settings), publications_(std::move(publications)), relations_(relations), catalog_(rules) {}

libpq::Connection& CatalogFollower::connection() {
  if (connection_ && PQstatus(connection_->native()) != CONNECTION_OK) connection_.reset();
  if (!connection_) connection_.emplace(open_source_session(settings_.connection, "pgmirror catalog"));
  return *connection_;
}

void CatalogFollower::start(bool /*new_slot*/) {
  catalog_.refresh(connection());
  publications_.bring_to(connection(), catalog_);
  for (const FollowedTable& table : catalog_.followed()) relations_.told(table.oid, as_streamed(table));
}

std::optional<StreamedRelation> CatalogFollower::describe(const RelationMessage& message) {
  return catalog_.relation_of(connection(), message);
}

void CatalogFollower::grow_log() {
  connection().execute("SELECT pg_catalog.pg_logical_emit_message(true, 'pgmirror', '')");
}

}  // namespace pgmirror::capture::postgres
