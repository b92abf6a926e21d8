#pragma once

#include <cstdint>
#include <string>

#include "change/value.hpp"
#include "sinks/postgres/copy_stream.hpp"
#include "sinks/postgres/mirror_table.hpp"
#include "sinks/postgres/odd_values.hpp"

namespace pgmirror::sinks::postgres {

/// Rows on their way into one table by COPY BINARY (manual, "COPY", "Binary Format"), in the caller's transaction.
///
/// For tables whose columns need no cast. Nothing stays unless finish() returns.
class BinaryCopy {
 public:
  BinaryCopy(Connection& connection, const MirrorTable& table);

  /// `row`: all cells in the order of Relation::columns. Values that do not fit go to `odd`. Throws DatabaseError,
  /// NullNotAllowed.
  void add(change::Tuple row, OddValues& odd);
  /// Rows that the server counted. Throws DatabaseError.
  std::uint64_t finish();

 private:
  const MirrorTable& table_;
  CopyIn copy_;
  std::string buffer_;
};

}  // namespace pgmirror::sinks::postgres
