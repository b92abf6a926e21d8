#pragma once

#include <optional>
#include <string>

#include "change/position.hpp"
#include "change/transaction.hpp"
#include "libpq/connection.hpp"

namespace pgmirror::capture::postgres::triggers {

/// One state of the source, held open in a transaction that only reads. Belongs to one thread at a time.
class Moment {
 public:
  /// Opens the transaction; takes the connection over. The position is that of the server's log, or one more than
  /// `last` where the log has not grown. Throws DatabaseError.
  Moment(libpq::Connection connection, change::Position last);

  /// The state that somebody else has exported, under the position that he knows for it. Throws DatabaseError.
  Moment(libpq::Connection connection, const std::string& exported, change::Position position);

  /// As txid_current_snapshot() prints it.
  const std::string& snapshot() const { return snapshot_; }
  /// Whatever the moment shows was committed before this place of the server's log.
  change::Position position() const { return position_; }
  change::CommitTime time() const { return time_; }
  libpq::Connection& connection() { return connection_; }
  /// A name under which other sessions can take the same state, as long as this object is there.
  std::string export_name();
  /// Ends the transaction and gives the connection back. The object is spent.
  libpq::Connection end();

 private:
  void read_snapshot();

  libpq::Connection connection_;
  std::string snapshot_;
  change::Position position_;
  change::CommitTime time_;
};

}  // namespace pgmirror::capture::postgres::triggers
