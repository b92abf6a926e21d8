#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "change/relation.hpp"
#include "libpq/connection.hpp"
#include "sinks/postgres/mirror_catalog.hpp"
#include "sinks/postgres/schema_builder.hpp"

namespace pgmirror::sinks::postgres {

/// Which of a PostgreSQL source's tables stand in the mirror, and what they lack. Immutable.
class StandingTables {
 public:
  using TableName = std::pair<std::string, std::string>;  ///< schema and table in the mirror

  /// Throws DatabaseError.
  StandingTables(libpq::Connection& connection, const SchemaBuilder& builder,
                 const std::vector<change::RelationPtr>& relations);

  bool has(const TableName& name) const { return tables_.contains(name); }
  std::size_t count() const { return tables_.size(); }
  /// Other tables are followed already.
  bool any_live() const { return any_live_; }
  /// Tables of somebody else's that do not fit, with the reasons.
  const std::map<TableName, std::vector<std::string>>& problems() const { return problems_; }
  /// Statements that add what is missing, once the types are there.
  const std::vector<std::string>& additions() const { return additions_; }
  /// Tables of ours whose first copy has not come to its end, and that the source has defined otherwise since.
  const std::vector<change::RelationPtr>& outdated() const { return outdated_; }

  TableName name_of(const change::Relation& relation) const;

 private:
  void look_at(libpq::Connection& connection, const change::RelationPtr& relation);

  const SchemaBuilder& builder_;
  std::set<TableName> followed_;
  std::set<TableName> created_;
  bool any_live_ = false;
  std::map<std::string, MirrorCatalog> catalogs_;
  std::set<TableName> tables_;
  std::map<TableName, std::vector<std::string>> problems_;
  std::vector<std::string> additions_;
  std::vector<change::RelationPtr> outdated_;
};

}  // namespace pgmirror::sinks::postgres
