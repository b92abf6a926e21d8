#include "capture/postgres/triggers/row_identity.hpp"

#include <algorithm>

namespace pgmirror::capture::postgres::triggers {
namespace {

bool mirrored(const CatalogTable& table, const std::vector<int>& key, const config::TableRules& rules) {
  return !key.empty() && std::ranges::all_of(key, [&](int number) {
    const CatalogColumn* const column = table.column(number);
    return column != nullptr && !column->generated && rules.includes_column(table.schema, table.name, column->name);
  });
}

}  // namespace

void identify_rows(CatalogTable& table, const config::TableRules& rules) {
  table.identity_in_all_leaves = true;
  if (!table.primary_key_deferred && mirrored(table, table.primary_key, rules)) {
    table.replica_identity = 'd';
    return;
  }
  table.primary_key.clear();
  table.primary_key_deferred = false;
  table.replica_identity = table.replica_identity == 'i' && mirrored(table, table.identity_index, rules) ? 'i' : 'f';
}

}  // namespace pgmirror::capture::postgres::triggers
