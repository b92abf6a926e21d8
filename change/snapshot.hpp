#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

#include "change/position.hpp"
#include "change/relation.hpp"
#include "change/value.hpp"

namespace pgmirror::change {

/// What the rows of one column hold, found by reading them all once.
struct ColumnProfile {
  std::uint64_t nulls = 0;
  std::uint64_t integers = 0;
  std::uint64_t reals = 0;
  std::uint64_t texts = 0;
  std::uint64_t blobs = 0;
  std::uint64_t not_boolean = 0;  ///< values other than NULL, 0 and 1
};

struct TableProfile {
  std::uint64_t rows = 0;
  std::vector<ColumnProfile> columns;  ///< in the order of Relation::columns
};

/// The whole source as of one commit, for copies and comparisons.
///
/// Stays the same while the source moves on. Used by one thread; reading blocks on disk only. Whoever holds one makes
/// the source keep the old content of what changes meanwhile, on disk: do not hold it longer than needed.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  virtual Position position() const = 0;
  virtual const std::vector<RelationPtr>& relations() const = 0;
  /// Calls `consume` for each row in key order until the end or until it returns false. The tuple dies with the call.
  virtual void read(const Relation& relation, const std::function<bool(Tuple)>& consume) = 0;
  /// One pass over the table that looks at storage classes only.
  virtual TableProfile profile(const Relation& relation) = 0;
};

/// Gives snapshots of the running source. Safe to call from any thread.
class SnapshotProvider {
 public:
  virtual ~SnapshotProvider() = default;
  /// A snapshot whose position is already durable in the queue, or will be without further commits of the source.
  virtual std::unique_ptr<Snapshot> open_snapshot() = 0;
};

}  // namespace pgmirror::change
