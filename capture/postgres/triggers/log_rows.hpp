#pragma once

#include <optional>
#include <string>

#include "capture/postgres/triggers/definitions.hpp"
#include "capture/postgres/triggers/log_interval.hpp"
#include "change/transaction.hpp"

namespace pgmirror::capture::postgres::triggers {

/// One table of the source in an interval.
struct LoggedTable {
  const CatalogTable& source;
  const StreamedRelation& told;  ///< as the queue knows it
  const KeyColumns& key;
  const std::map<ObjectId, RowLayout>& layouts;
};

/// Write what an interval has changed in one table: its rows stand as the interval's end shows them then. `connection`
/// is in the moment that ends the interval. They give a reason where the log does not add up: the table's content has
/// to be taken anew. All throw DatabaseError (40001: see LockedTable) and what `writer` throws.

/// The log says which keys were touched and how often rows came and went under them, the table what stands there now.
std::optional<std::string> write_keyed_rows(libpq::Connection& connection, const LogInterval& interval,
                                            const LoggedTable& table, change::TransactionWriter& writer);
/// Rows without a key are a multiset: what has come and what has gone, in any order.
std::optional<std::string> write_keyless_rows(libpq::Connection& connection, const LogInterval& interval,
                                              const LoggedTable& table, change::TransactionWriter& writer);
/// After a TRUNCATE whatever the table holds has come since.
void write_whole_table(libpq::Connection& connection, const LoggedTable& table, change::TransactionWriter& writer);

}  // namespace pgmirror::capture::postgres::triggers
