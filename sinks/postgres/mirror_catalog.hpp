#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libpq/connection.hpp"
#include "sinks/postgres/target_type.hpp"

namespace pgmirror::sinks::postgres {

struct CatalogColumn {
  std::string name;
  CatalogType type;
  bool not_null = false;
  bool has_default = false;  ///< an identity counts
  bool generated = false;
  bool identity_always = false;
  /// `=`, or where the type is an extension's the operator of its default order with its schema.
  std::string equal = "=";
  /// The enum below a domain, which has no equality of its own; else empty.
  std::string compared_as;
  /// Texts that differ in a byte are different: no collation of people's that says otherwise.
  bool told_apart_by_bytes = true;
};

struct CatalogIndex {
  std::string name;
  std::vector<std::string> columns;  ///< key columns in order; an expression is an empty name
  bool primary = false;
  bool unique = false;
  bool partial = false;
  bool immediate = true;  ///< not DEFERRABLE
  bool valid = true;

  /// Unique over exactly these columns, in any order, for all rows and at once.
  bool identifies(const std::vector<std::string>& key) const;
};

struct CatalogTable {
  char kind = 'r';  ///< pg_class.relkind
  std::vector<CatalogColumn> columns;
  std::vector<CatalogIndex> indexes;
  std::vector<std::string> foreign_keys;  ///< names of the constraints
  /// A change of one row may look at other rows or touch them, though we apply as a replica: triggers and rules that
  /// fire all the same, exclusion constraints, tables that inherit from it.
  bool rows_affect_others = false;
  bool takes_copy = true;  ///< its row security, which refuses COPY, does not count for us

  const CatalogColumn* column(std::string_view name) const;
};

/// What stands in one schema of the mirror, as of when it was read. Immutable.
class MirrorCatalog {
 public:
  /// Tables, views and whatever else has columns; one of that name only where `table` is given. Reads the transaction's
  /// own changes. Throws DatabaseError.
  static MirrorCatalog read(libpq::Connection& connection, const std::string& schema,
                            const std::optional<std::string>& table = std::nullopt);

  const CatalogTable* table(std::string_view name) const;
  bool has_schema() const { return has_schema_; }

 private:
  bool has_schema_ = false;
  std::map<std::string, CatalogTable, std::less<>> tables_;
};

}  // namespace pgmirror::sinks::postgres
