#pragma once

#include <map>
#include <string>
#include <vector>

#include "change/transaction.hpp"
#include "sinks/postgres/index_plan.hpp"
#include "sinks/postgres/schema_builder.hpp"
#include "sinks/postgres/schema_record.hpp"
#include "sinks/postgres/table_names.hpp"

namespace pgmirror::sinks::postgres {

/// Indexes and foreign keys while tables change in one transaction of the source: what goes goes at once, what comes is
/// made at the end, over the rows that the transaction leaves behind.
class ObjectFollow {
 public:
  /// All outlive the object.
  ObjectFollow(SchemaRecord& record, const TableNames& names, const SchemaBuilder& builder)
      : record_(record), names_(names), builder_(builder) {}

  /// Before the table and its columns change. Throws SchemaError when the table does not stand.
  void alter(const change::SchemaChange& change);
  void create(const change::RelationPtr& relation);
  /// The table is only kept from now on: neither it nor those that refer to it may refuse rows because of that.
  void drop(const change::Relation& relation);
  /// Others refer to a table that is made anew under its name: they will again. Before the table makes way.
  void replace(const change::Relation& relation);

  /// Makes what has come. Refusals are logged, the mirror does without then. Throws DatabaseError.
  void finish();

 private:
  /// What one table still has to get.
  struct Missing {
    change::RelationPtr relation;
    std::vector<change::Index> indexes;
    std::vector<change::ForeignKey> foreign_keys;
  };
  /// A foreign key as the mirror's catalog describes it.
  struct StandingKey {
    std::string table;  ///< quoted
    std::string name;
    std::string definition;
  };

  void drop_indexes(const change::SchemaChange& change, const CatalogTable& standing);
  void drop_foreign_keys(const change::SchemaChange& change, const CatalogTable& standing);
  Missing missing_after(const change::SchemaChange& change);
  std::vector<StandingKey> drop_keys(const change::Relation& relation, const char* side);
  void make_indexes(const Missing& missing);
  void make_foreign_keys(const Missing& missing);

  SchemaRecord& record_;
  const TableNames& names_;
  const SchemaBuilder& builder_;
  std::map<std::string, Missing> missing_;  ///< by name in the source
  std::vector<StandingKey> referring_;      ///< to tables made anew
};

}  // namespace pgmirror::sinks::postgres
