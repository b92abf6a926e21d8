#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "change/position.hpp"
#include "change/relation.hpp"
#include "change/schema_statement.hpp"
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

/// A part of a table's rows that can be read by itself. Together the parts of Snapshot::parts() are the table.
struct TablePart {
  std::string where_sql;    ///< in the source's SQL; empty: the whole table
  std::uint64_t rows = 0;   ///< an estimate
  std::uint64_t bytes = 0;  ///< likewise
};

/// The forms in which PostgreSQL's COPY carries rows (manual: "COPY", "File Formats").
enum class CopyForm : std::uint8_t { text, binary };

/// How the rows of a table are told apart and summed up by a server's own hash functions: two servers that print the
/// same values come to the same numbers.
struct RowHashing {
  std::vector<std::string> columns;  ///< that count, by name
  std::vector<std::string> key;      ///< likewise; empty: all of the columns
  std::size_t buckets = 1;           ///< by hash of the key; a power of two, at most 65536
};

struct RowHashes {
  std::uint64_t key_low = 0;
  std::uint64_t key_high = 0;
  std::uint64_t row = 0;
};

/// The rows of one bucket. Sums wrap around, so parts can be added up.
struct BucketSum {
  std::uint64_t rows = 0;
  std::uint64_t sum = 0;
  std::uint64_t mixed_sum = 0;  ///< of the hashes of the hashes
  BucketSum& operator+=(const BucketSum& other) {
    rows += other.rows;
    sum += other.sum;
    mixed_sum += other.mixed_sum;
    return *this;
  }
  bool operator==(const BucketSum&) const = default;
};

/// The whole source as of one commit, for copies and comparisons.
///
/// Stays the same while the source moves on. Used by one thread; reading blocks on disk or on the source's server.
/// Whoever holds one makes the source keep the old content of what changes meanwhile: do not hold it longer than
/// needed.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  virtual Position position() const = 0;
  virtual const std::vector<RelationPtr>& relations() const = 0;
  /// Tables (Relation::qualified_name) of which changes behind position() tell names that they have here already: a
  /// copy from here would be taken apart by them, and a comparison says nothing. What they are is certain when the
  /// queue has come to position(); until then it may be all of them. Passes with later snapshots.
  virtual std::set<std::string> untold() const { return {}; }
  /// Calls `consume` for each row, in key order where the store keeps one, until the end or until it returns false. The
  /// tuple dies with the call.
  virtual void read(const Relation& relation, const std::function<bool(Tuple)>& consume) = 0;
  /// One pass over the table that looks at storage classes only. Not for relations of native columns.
  virtual TableProfile profile(const Relation& relation) = 0;

  /// Everything that makes the source's objects, in an order in which it can be run. Empty: derive them from
  /// relations().
  virtual std::vector<SchemaStatement> definition() { return {}; }
  /// Sequences and how far they are used.
  virtual std::vector<SequenceValue> sequences() { return {}; }

  /// Whether copy_rows() in this form and parts() work: a PostgreSQL source, whose rows need not be taken apart on the
  /// way.
  virtual bool gives_copy(CopyForm /*form*/) const { return false; }
  virtual std::vector<TablePart> parts(const Relation& /*relation*/) { return {}; }
  /// The rows of one part in PostgreSQL's COPY form, some whole ones at a time and how many they are, columns in the
  /// order of Relation::columns, without what stands before the first row and behind the last. Stops when `consume`
  /// returns false. The bytes die with the call.
  virtual void copy_rows(const Relation& /*relation*/, const TablePart& /*part*/, CopyForm /*form*/,
                         const std::function<bool(std::string_view, std::uint64_t)>& /*consume*/) {
    throw std::logic_error("this snapshot gives no rows in COPY's forms");
  }
  /// Whether bucket_sums() and read_buckets() work: the source's server does the work, and only what is asked for
  /// leaves it.
  virtual bool gives_row_hashes() const { return false; }
  /// One for each bucket.
  virtual std::vector<BucketSum> bucket_sums(const Relation& /*relation*/, const TablePart& /*part*/,
                                             const RowHashing& /*hashing*/) {
    throw std::logic_error("this snapshot gives no row hashes");
  }
  /// The rows of some buckets, in any order; without their cells (an empty tuple) unless `cells`. As read() otherwise.
  virtual void read_buckets(const Relation& /*relation*/, const RowHashing& /*hashing*/,
                            const std::vector<bool>& /*buckets*/, bool /*cells*/,
                            const std::function<bool(const RowHashes&, Tuple)>& /*consume*/) {
    throw std::logic_error("this snapshot gives no row hashes");
  }
  /// The same content for another thread, where gives_copy(). This object must outlive it.
  virtual std::unique_ptr<Snapshot> share() { throw std::logic_error("this snapshot cannot be shared"); }
};

/// Gives snapshots of the running source. Safe to call from any thread.
class SnapshotProvider {
 public:
  virtual ~SnapshotProvider() = default;
  /// A snapshot whose position is already durable in the queue, or will be without further commits of the source.
  virtual std::unique_ptr<Snapshot> open_snapshot() = 0;
  /// Whether every table whose content a mirror cannot know is named by a ContentGap. Otherwise new tables are found by
  /// comparing a snapshot's with the mirror's.
  virtual bool tells_gaps() const { return false; }
  /// Statements that add to the mirror's types what the source's have gained (labels of enums), harmless to repeat. As
  /// of now, which may be later than any change in the queue: for a row that the mirror refuses because of its type.
  virtual std::vector<SchemaStatement> type_additions() { return {}; }
};

}  // namespace pgmirror::change
