#include "capture/sqlite/shadow_snapshot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "capture/sqlite/table_reader.hpp"

namespace pgmirror::capture::sqlite {

ShadowSnapshot::ShadowSnapshot(const std::shared_ptr<ShadowStore>& store, std::vector<TableLayoutPtr> tables)
    : store_(store), image_(store->open_image()), tables_(std::move(tables)) {
  for (const TableLayoutPtr& table : tables_) relations_.push_back(table->relation);
}

const TableLayout& ShadowSnapshot::layout_of(const change::Relation& relation) const {
  const auto found = std::find_if(tables_.begin(), tables_.end(),
                                  [&](const TableLayoutPtr& table) { return table->relation->name == relation.name; });
  if (found == tables_.end()) {
    throw std::invalid_argument(fmt::format("snapshot: has no table {}", relation.qualified_name()));
  }
  return **found;
}

void ShadowSnapshot::read(const change::Relation& relation, const std::function<bool(change::Tuple)>& consume) {
  read_table(*image_, layout_of(relation), consume);
}

change::TableProfile ShadowSnapshot::profile(const change::Relation& relation) {
  return profile_table(*image_, layout_of(relation));
}

}  // namespace pgmirror::capture::sqlite
