#pragma once

#include <string>

#include "change/position.hpp"
#include "libpq/connection.hpp"

namespace pgmirror::sinks::postgres {

/// Finds out which checkpoint a crash of the mirror cannot take back.
///
/// Applying commits asynchronously: a commit is answered before the mirror has flushed it. Each check asks whether the
/// mirror's write-ahead log, as of the last check, is on its disk by now. One thread; a round trip a check.
class FlushWatch {
 public:
  /// `position`: of the checkpoint as read behind a flushed commit.
  explicit FlushWatch(change::Position position) : flushed_(position), candidate_(position) {}

  /// `position`: of the last transaction that has committed. Throws DatabaseError.
  void check(libpq::Connection& connection, change::Position position);
  /// Safe on the mirror's disk.
  change::Position flushed() const { return flushed_; }

 private:
  change::Position flushed_;
  change::Position candidate_;  ///< not flushed yet when last looked at
  std::string candidate_lsn_;
};

}  // namespace pgmirror::sinks::postgres
