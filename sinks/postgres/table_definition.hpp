#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "change/relation.hpp"
#include "change/snapshot.hpp"
#include "config/config.hpp"
#include "sinks/postgres/target_type.hpp"

namespace pgmirror::sinks::postgres {

/// By which key a table is made.
enum class TableKey : std::uint8_t {
  declared,  ///< the source's, where it serves
  row_id,    ///< the hidden column, where there is one: the declared key was tried and refused rows
};

/// A table that is to be made in the mirror.
struct TableDefinition {
  std::string quoted;      ///< `"schema"."name"`
  std::string create_sql;  ///< CREATE TABLE with types, defaults, NOT NULL and the primary key
  std::string rows_sql;    ///< the same without the key, whose columns refuse NULL all the same
};

/// The declared key becomes the primary key unless the profile shows that it cannot (NULLs, classes that its type
/// cannot tell apart) and there is a rowid to take its place. NOT NULL and types follow the profile too; without one
/// (`null`), the declaration. Throws IdentifierError, TypeError.
TableDefinition define_table(const change::Relation& relation, const std::string& target_schema,
                             const change::TableProfile* profile, const config::Mirror& mirror,
                             TableKey wanted = TableKey::declared);

/// `"name" type [DEFAULT ...] [NOT NULL]`.
std::string column_sql(const change::Column& column, const TargetType& type, bool not_null);

}  // namespace pgmirror::sinks::postgres
