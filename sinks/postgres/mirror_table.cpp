#include "sinks/postgres/mirror_table.hpp"

#include <algorithm>

namespace pgmirror::sinks::postgres {

bool MirrorTable::of_postgres() const {
  return std::ranges::any_of(
      columns, [](const MirrorColumn& column) { return column.type.family == change::TypeFamily::native; });
}

bool MirrorTable::has_identity_always() const { return std::ranges::any_of(columns, &MirrorColumn::identity_always); }

}  // namespace pgmirror::sinks::postgres
