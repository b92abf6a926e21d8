#include "sinks/postgres/flush_watch.hpp"

namespace pgmirror::sinks::postgres {

void FlushWatch::check(libpq::Connection& connection, change::Position position) {
  libpq::Parameters parameters;
  parameters.text(candidate_lsn_.empty() ? "FFFFFFFF/FFFFFFFF" : candidate_lsn_);
  const libpq::Result row = connection.execute(
      "SELECT pg_catalog.pg_current_wal_flush_lsn() >= $1::pg_catalog.pg_lsn, pg_catalog.pg_current_wal_insert_lsn()",
      parameters);
  const bool flushed = row.boolean(0, 0);
  if (flushed) flushed_ = candidate_;
  if (flushed || candidate_lsn_.empty()) {
    candidate_ = position;
    candidate_lsn_ = row.text(0, 1);
  }
}

}  // namespace pgmirror::sinks::postgres
