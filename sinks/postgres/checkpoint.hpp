#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "change/position.hpp"
#include "change/transaction.hpp"
#include "libpq/connection.hpp"

namespace pgmirror::sinks::postgres {

/// The mirror follows another source than the one at hand.
class IdentityError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// How far a mirror is, as the mirror itself says.
struct Checkpoint {
  std::int64_t epoch = 0;
  change::Position position;  ///< zero: nothing was applied, the initial copy is not complete
  std::optional<change::CommitTime> commit_time;
};

/// Who claims a mirror: one worker, over all its connections.
struct Claimant {
  std::string owner{};
  /// From whomever it belongs to. Without, a mirror that somebody else has claimed since is left to them.
  bool takes_over = true;
};

/// Makes the caller the owner of the mirror: raises the epoch by one, so that any other agent's next transaction fails
/// with PM002. One statement; needs the control schema. Throws IdentityError when the checkpoint belongs to another
/// source or, where the claimant does not take over, to another claimant; DatabaseError.
Checkpoint claim_checkpoint(libpq::Connection& connection, std::string_view mirror,
                            const change::SourceIdentity& source, const Claimant& claimant = {});

/// Makes the mirror belong to `source` from position zero, whatever it followed before, all its tables to be copied
/// again. Only on a person's command.
Checkpoint replace_source(libpq::Connection& connection, std::string_view mirror, const change::SourceIdentity& source,
                          const Claimant& claimant = {});

/// Without claiming; none when this mirror was never claimed. Waits for a transaction that is about to move it, so that
/// after a COMMIT with unknown outcome the answer is final. Needs a session that may write.
std::optional<Checkpoint> read_checkpoint(libpq::Connection& connection, std::string_view mirror);

/// As read_checkpoint, but as of now and without waiting: for status.
std::optional<Checkpoint> peek_checkpoint(libpq::Connection& connection, std::string_view mirror);

/// One step inside the caller's transaction, for whoever does not pipeline it: advance_checkpoint_sql.
void advance_checkpoint(libpq::Connection& connection, std::string_view mirror, std::int64_t epoch,
                        change::Position expected, change::Position next,
                        std::optional<change::CommitTime> commit_time);

/// Microseconds since 2000-01-01 in eight bytes: the binary form of a timestamptz parameter.
std::string timestamptz_bytes(change::CommitTime time);

}  // namespace pgmirror::sinks::postgres
