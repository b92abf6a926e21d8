#pragma once

#include <string>
#include <vector>

#include "change/transaction.hpp"
#include "libpq/connection.hpp"
#include "sinks/postgres/definition_order.hpp"
#include "sinks/postgres/schema_follow.hpp"
#include "sinks/postgres/table_registry.hpp"

namespace pgmirror::sinks::postgres {

/// A table cannot follow its source's new definition: the transaction starts over, and the table is copied again.
struct CopyNeeded {
  change::RelationPtr table;  ///< as it is defined in the end
  std::string reason;
  bool keeps_name = false;  ///< the mirror's table could not even get the name
};

/// The definitions of one transaction of the source, which are gathered until rows come: all that belong together are
/// known then. One thread.
class TransactionDefinitions {
 public:
  /// All outlive the object. `left_to_copy`: what earlier tries have found. `stops_tables`: a table that the mirror
  /// refuses to define is a TableRefused, not a DatabaseError.
  TransactionDefinitions(libpq::Connection& connection, const SchemaBuilder& schema, TableRegistry& tables,
                         const change::Commit& commit, const std::vector<CopyNeeded>& left_to_copy, bool stops_tables);

  void put_off(const change::SchemaChange& change) { put_off_.push_back({.change = change}); }
  bool waiting() const { return !put_off_.empty(); }

  /// Of tables that the source has emptied: takes those out whose rows all come again under the definition that waits
  /// for them, and returns those that have to be defined first.
  std::vector<change::RelationPtr> take_emptied(std::vector<change::RelationPtr>& emptied);
  /// Carries out what was put off, and returns the tables that stand in another way now. Throws CopyNeeded,
  /// TableRefused, SchemaError, DatabaseError; roll back then.
  std::vector<change::RelationPtr> carry_out();
  /// Whether a part of the table may be made now: a table that waits for its copy gets all of them with it.
  bool takes_parts(const change::SchemaStatement& statement) const;
  /// A table is about to be made under the name, which one that is only kept may have.
  void free_name(const change::SchemaStatement& table) { follow_.free_name(table.schema, table.name); }
  /// After the rows.
  void finish();

 private:
  /// Less of it where a copy has brought the rest.
  bool still_to_do(Definition& definition) const;
  void define(const Definition& definition);
  void name(const Definition& definition);
  void leave_to_copy(const Definition& definition, const CopyNeeded& needed);
  void follow(const Definition& definition);
  void follow_while_waiting(const change::SchemaChange& change);
  const CopyNeeded* left_to_copy(const Definition& definition) const;
  TrackedTable::State state_of(const change::RelationPtr& relation) const;
  bool copied_since(const change::RelationPtr& relation) const;

  libpq::Connection& connection_;
  const SchemaBuilder& schema_;
  TableRegistry& tables_;
  const change::Commit& commit_;
  const std::vector<CopyNeeded>& left_to_copy_;
  const bool stops_tables_;
  SchemaFollow follow_;
  std::vector<Definition> put_off_;
  std::vector<change::RelationPtr> defined_;
  bool defined_anew_ = false;
};

}  // namespace pgmirror::sinks::postgres
