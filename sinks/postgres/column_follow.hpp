#pragma once

#include <map>
#include <string>

#include "change/transaction.hpp"
#include "sinks/postgres/mirror_catalog.hpp"
#include "sinks/postgres/own_parts.hpp"
#include "sinks/postgres/schema_builder.hpp"
#include "sinks/postgres/schema_record.hpp"
#include "sinks/postgres/table_names.hpp"

namespace pgmirror::sinks::postgres {

/// Gives a table of the mirror the columns that the source's table has after one change. The table stands under its new
/// name already.
class ColumnFollow {
 public:
  /// All outlive the object.
  ColumnFollow(SchemaRecord& record, const TableNames& names, const SchemaBuilder& builder,
               const change::SchemaChange& change);

  /// Throws SchemaError where a column cannot be followed without copying the table again, DatabaseError.
  void follow();

 private:
  void drop();
  void rename();
  void add();
  void alter();

  bool is_new_name(const std::string& name) const;
  void rename(const std::string& from, const std::string& to, const std::string& reason);
  void add(const change::Column& column);
  void backfill(const change::Column& column, const TargetType& type);
  void retype(const change::Column& column, const CatalogColumn& standing);

  SchemaRecord& record_;
  const TableNames& names_;
  const config::Mirror& mirror_;
  const change::Relation& before_;
  const change::Relation& after_;
  std::map<std::string, std::string> renamed_;  ///< old name to new
  std::string table_;                           ///< quoted
  OwnParts own_;
};

}  // namespace pgmirror::sinks::postgres
