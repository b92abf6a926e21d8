#pragma once

#include "capture/postgres/catalog_event.hpp"
#include "capture/postgres/stream_relations.hpp"
#include "change/transaction.hpp"

namespace pgmirror::capture::postgres {

/// Whether write_event() of a table_redefined would have something to tell by now.
bool redefines(const FollowedTable& table, change::Position as_of, const StreamRelations& relations);

/// Writes what the catalog told into the open transaction, unless the queue knows it already, and keeps in `relations`
/// what the queue knows then. `as_of`: how far the stream was at least when the catalog was read. Not for tables that
/// appeared and those that are to be published otherwise: see write_new_content().
void write_event(const CatalogEvent& event, change::Position as_of, StreamRelations& relations,
                 change::TransactionWriter& writer);

/// Writes that the content of `table` is to be taken anew, and that the table is there where the queue does not know
/// it. Its rows are passed on from here.
void write_new_content(const FollowedTable& table, change::Position as_of, const std::string& reason,
                       StreamRelations& relations, change::TransactionWriter& writer);

/// As the queue is told of a table that no row has come from yet.
StreamedRelation as_streamed(const FollowedTable& table);

}  // namespace pgmirror::capture::postgres
