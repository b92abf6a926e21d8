#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "change/snapshot.hpp"
#include "libpq/connection.hpp"
#include "sinks/postgres/mirror_table.hpp"

namespace pgmirror::sinks::postgres {

/// Which parts of a table an interrupted copy has brought to the mirror (pgmirror.copied_parts): each was a transaction
/// of its own, whose number stands in its rows. Inside the caller's transactions; all of it throws DatabaseError.
class CopiedParts {
 public:
  /// Both outlive the object.
  CopiedParts(const MirrorTable& table, const std::string& mirror) : table_(table), mirror_(mirror) {}

  /// The rows of `part` come with this transaction.
  void note(libpq::Connection& connection, const change::TablePart& part) const;

  struct Kept {
    std::set<std::string> parts{};  ///< TablePart::where_sql of those that need not be copied again
    std::uint64_t rows = 0;
  };
  /// Keeps the rows of those of `parts` that hold in the mirror what they hold in `snapshot`, which both servers sum
  /// up, and deletes all others. Needs a snapshot that gives row hashes; without, everything is deleted.
  Kept keep_what_stands(libpq::Connection& connection, change::Snapshot& snapshot,
                        const std::vector<change::TablePart>& parts) const;

  /// The copy is at its end.
  void forget(libpq::Connection& connection) const;

 private:
  libpq::Parameters name() const;

  const MirrorTable& table_;
  const std::string& mirror_;
};

}  // namespace pgmirror::sinks::postgres
