#pragma once

#include <cstdint>
#include <stop_token>

#include "change/snapshot.hpp"
#include "libpq/connection.hpp"
#include "sinks/postgres/mirror_status.hpp"
#include "sinks/postgres/schema_builder.hpp"

namespace pgmirror::sinks::postgres {

/// The first copy of a PostgreSQL source: tables and parts of large ones over several connections at once, each part a
/// transaction of its own.
///
/// Only for tables that nobody reads yet: until its last part is in, a table is `copying`. Of what an interrupted copy
/// left of it, the next, whose snapshot is another one, keeps the parts that the source still has like that
/// (CopiedParts). Tables that came to their end stay.
class ParallelCopy {
 public:
  /// `schema`, and `board` where there is one, outlive the copy. `epoch`: as of claim_checkpoint.
  ParallelCopy(const SchemaBuilder& schema, std::int64_t epoch, StatusBoard* board)
      : schema_(schema), epoch_(epoch), board_(board) {}

  /// Copies every table that is still to be copied and holds no rows of somebody else's; the others are left to
  /// InitialCopy. False when stopped. Needs a snapshot that gives COPY text and SchemaBuilder::prepare. Connects
  /// Mirror::pool times besides `connection`. Throws DatabaseError and what the snapshot throws, the first failure of
  /// any connection.
  bool run(libpq::Connection& connection, change::Snapshot& snapshot, const std::stop_token& stop) const;

 private:
  const SchemaBuilder& schema_;
  std::int64_t epoch_;
  StatusBoard* board_;
};

}  // namespace pgmirror::sinks::postgres
