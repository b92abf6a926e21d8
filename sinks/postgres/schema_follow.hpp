#pragma once

#include <optional>
#include <string>

#include "change/snapshot.hpp"
#include "change/transaction.hpp"
#include "libpq/connection.hpp"
#include "sinks/postgres/object_follow.hpp"
#include "sinks/postgres/schema_builder.hpp"
#include "sinks/postgres/schema_record.hpp"
#include "sinks/postgres/table_definition.hpp"
#include "sinks/postgres/table_names.hpp"

namespace pgmirror::sinks::postgres {

/// Carries the schema changes of one transaction of the source over, inside one transaction of the mirror, and records
/// them in pgmirror.schema_history.
///
/// A table dropped at the source stays, frozen, unless `drop_tables` is set; one made anew under its name moves it
/// aside to `name_dropped_POSITION`. A column whose type changed is altered where that loses nothing, becomes text
/// where it does not fit any more, or stays. One thread.
class SchemaFollow {
 public:
  /// Both outlive the object; `position` is that of the commit.
  SchemaFollow(libpq::Connection& connection, const SchemaBuilder& builder, change::Position position);

  /// Follows one change but for new indexes and foreign keys. Gives the table as it stands afterwards, null when it was
  /// dropped at the source. Changes come in the order of in_safe_order().
  ///
  /// `rows_come_again`: the table is emptied, all its rows are sent in this transaction. A table whose key became
  /// another one is then moved aside and made anew; without, that is a SchemaError. Throws SchemaError, DatabaseError;
  /// roll back then.
  MirrorTablePtr follow(const change::SchemaChange& change, bool rows_come_again = false);
  /// Only the name. A table of ours that has it is kept aside.
  void rename(const change::SchemaChange& change);
  /// A table is about to be made under the name: one that is only kept goes aside.
  void free_name(const std::string& schema, const std::string& table);
  /// After the rows: makes new indexes and foreign keys, since rows of the same transaction may be what makes them
  /// possible. Tables have to be described again afterwards.
  void finish();

  /// Drops the table, where it stands, and makes it as `relation` describes it, empty and without indexes.
  void recreate(const change::Relation& relation, const change::TableProfile& profile,
                TableKey key = TableKey::declared);

 private:
  MirrorTablePtr create(const change::RelationPtr& after);
  void drop(const change::Relation& before);
  MirrorTablePtr alter(const change::SchemaChange& change);
  MirrorTablePtr replace(const change::SchemaChange& change);
  void empty(const change::Relation& relation);
  void settle_checks();
  /// Why the mirror's rows cannot be identified any more; nothing where they can.
  std::optional<std::string> other_key(const change::SchemaChange& change) const;
  bool keyed_by_row_id(const change::Relation& relation) const;

  libpq::Connection& connection_;
  const SchemaBuilder& builder_;
  SchemaRecord record_;
  TableNames names_;
  ObjectFollow objects_;
};

}  // namespace pgmirror::sinks::postgres
