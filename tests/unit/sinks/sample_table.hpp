#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>

#include "libpq/identifier.hpp"
#include "sinks/postgres/mirror_table.hpp"
#include "sinks/postgres/target_type.hpp"

namespace pgmirror::sinks::postgres {

/// A mirrored table `t` with the given columns, keyed by the first, each of the type that an empty source gives it or
/// of the type that is named.
struct SampleColumn {
  std::string name;
  change::TypeFamily family = change::TypeFamily::any;
  std::string type{};
};

inline MirrorTable sample_table(std::initializer_list<SampleColumn> columns) {
  auto relation = std::make_shared<change::Relation>();
  relation->name = "t";
  relation->key = {0};
  MirrorTable table;
  table.name = "t";
  table.schema = "public";
  table.quoted = "\"public\".\"t\"";
  table.key = {0};
  for (const SampleColumn& sample : columns) {
    change::Column column;
    column.name = sample.name;
    column.family = sample.family;
    const config::TypeOverride wanted{sample.type, ""};
    const TargetType type = choose_type(column, nullptr, sample.type.empty() ? nullptr : &wanted);
    table.columns.push_back({relation->columns.size(), sample.name, libpq::quote_identifier(sample.name), type, false});
    relation->columns.push_back(column);
  }
  table.relation = relation;
  return table;
}

}  // namespace pgmirror::sinks::postgres
