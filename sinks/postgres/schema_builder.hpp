#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include "change/snapshot.hpp"
#include "config/config.hpp"
#include "libpq/connection.hpp"
#include "sinks/postgres/mirror_table.hpp"
#include "sinks/postgres/table_match.hpp"

namespace pgmirror::sinks::postgres {

/// The mirror's tables and the source's cannot be brought together without losing something. what() lists every reason.
class SchemaError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What prepare() and build_indexes() have done, for the log and `status`.
struct SchemaReport {
  bool mirror_was_empty = false;  ///< none of the source's tables stood there
  std::size_t tables_created = 0;
  std::size_t columns_added = 0;
  std::size_t indexes_created = 0;
  std::size_t foreign_keys_created = 0;
  /// Objects of the source that the mirror lacks on purpose, one sentence each with the reason.
  std::vector<std::string> left_out;
  bool copy_again = false;  ///< some table was defined anew meanwhile, and waits for another copy
};

/// Gives the mirror the source's tables, and keeps them the same while the source changes.
///
/// Stateless but for the mirror's configuration: what stands in the mirror is read from its catalog each time. Nothing
/// is ever dropped or emptied, but by SchemaFollow when the source itself drops a column (or a table and `drop_tables`
/// is set). All of it needs the control schema. May be shared by threads, each with its own connection.
class SchemaBuilder {
 public:
  explicit SchemaBuilder(config::Mirror mirror);

  /// Creates what is missing (schema, tables with NOT NULL but without keys, columns), in one transaction, and enters
  /// the tables in pgmirror.tables. Tables that stand there are matched by name; types must be able to carry the
  /// source's values. Tables that are live, stopped or dropped are left alone: the changes on their way will alter
  /// them. Throws SchemaError with the whole list of what cannot be matched, and changes nothing then. Profiles tables
  /// that are to be created: reads them once.
  SchemaReport prepare(libpq::Connection& connection, change::Snapshot& snapshot) const;

  /// Unique and plain indexes and foreign keys of the tables that prepare() created, as far as they are missing. After
  /// the copy. Each object is its own transaction: safe to repeat. Foreign keys that rows violate are left out.
  SchemaReport build_indexes(libpq::Connection& connection, const std::vector<change::RelationPtr>& relations) const;

  /// What prepare() left for after the copy: build_indexes(), or the rest of the source's own statements with its keys,
  /// views and sequences. Safe to repeat. Throws SchemaError where rows could not be changed without what is refused.
  SchemaReport complete(libpq::Connection& connection, change::Snapshot& snapshot) const;

  /// How `relation` stands in the mirror now. May run inside a transaction. Throws SchemaError when it does not.
  MirrorTablePtr describe(libpq::Connection& connection, const change::RelationPtr& relation) const;

  /// As describe(), for rows that are copied before the key is made, as those of a PostgreSQL source and of tables that
  /// prepare() has created: the mirror's key may be missing.
  MirrorTablePtr describe_for_copy(libpq::Connection& connection, const change::RelationPtr& relation) const;

  /// As describe_for_copy(), but a table of ours that does not fit any more, or is gone, is made anew and empty, inside
  /// the caller's transaction: for a resync that a person asked for. complete() is due afterwards. A table that stood
  /// there before us is never dropped: SchemaError.
  MirrorTablePtr describe_or_recreate(libpq::Connection& connection, change::Snapshot& snapshot,
                                      const change::RelationPtr& relation) const;

  /// Makes a table of ours anew and empty, keyed by the hidden column, since its declared key has refused rows of the
  /// source. Inside the caller's transaction; complete() is due afterwards. The relation has a rowid.
  MirrorTablePtr recreate_by_row_id(libpq::Connection& connection, change::Snapshot& snapshot,
                                    const change::RelationPtr& relation) const;

  /// Drops NOT NULL from a column and records it, inside the caller's transaction: a row that came behind `position`
  /// has NULL there, or an odd value, which is NULL in the mirror.
  void allow_null(libpq::Connection& connection, const MirrorTable& table, const MirrorColumn& column,
                  change::Position position) const;

  /// Schema of `relation` in the mirror.
  const std::string& schema_of(const change::Relation& relation) const;

  const config::Mirror& mirror() const { return mirror_; }

 private:
  TableMatch standing(libpq::Connection& connection, const change::RelationPtr& relation) const;

  config::Mirror mirror_;
};

}  // namespace pgmirror::sinks::postgres
