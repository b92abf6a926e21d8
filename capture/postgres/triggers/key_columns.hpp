#pragma once

#include <map>
#include <string>
#include <vector>

#include "capture/postgres/relation_catalog.hpp"
#include "libpq/connection.hpp"

namespace pgmirror::capture::postgres::triggers {

/// How rows of a table are found by the key of its relation.
struct KeyColumns {
  struct Column {
    int number = 0;
    std::string equals;  ///< operator of the key's index, `OPERATOR(pg_catalog.=)`
    std::string type;    ///< that the operator takes
    bool exact = false;  ///< equal values are printed equally
  };
  std::vector<Column> columns;  ///< in the order of Relation::key
  bool other_unique = false;    ///< further indexes that refuse rows because of other rows
};

/// Of the tables of `catalog`, those without a key included. Throws DatabaseError.
std::map<ObjectId, KeyColumns> read_key_columns(libpq::Connection& connection, const RelationCatalog& catalog);

}  // namespace pgmirror::capture::postgres::triggers
