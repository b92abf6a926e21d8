#pragma once

#include <functional>

#include "capture/sqlite/page_image.hpp"
#include "capture/sqlite/table_layout.hpp"
#include "change/snapshot.hpp"
#include "change/value.hpp"

namespace pgmirror::capture::sqlite {

/// Calls `consume` for each row in key order until the end or until it returns false. The tuple dies with the call.
/// Holds one page for each level of the tree and one row in memory. Throws DamagedPage.
void read_table(const PageImage& image, const TableLayout& layout, const std::function<bool(change::Tuple)>& consume);

/// One pass over the table that looks at the types in the records, not at the values. Throws DamagedPage.
change::TableProfile profile_table(const PageImage& image, const TableLayout& layout);

}  // namespace pgmirror::capture::sqlite
