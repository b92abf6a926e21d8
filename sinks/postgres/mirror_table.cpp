#include "sinks/postgres/mirror_table.hpp"

#include <algorithm>

namespace pgmirror::sinks::postgres {

bool MirrorTable::needs_cast() const {
  return std::ranges::any_of(columns, [](const MirrorColumn& column) { return column.type.needs_cast(); });
}

}  // namespace pgmirror::sinks::postgres
