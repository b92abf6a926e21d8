#include "sinks/postgres/mirror_table.hpp"

#include <algorithm>

#include "sinks/postgres/of_postgres.hpp"

namespace pgmirror::sinks::postgres {

bool MirrorTable::of_postgres() const { return postgres::of_postgres(*relation); }

bool MirrorTable::has_identity_always() const { return std::ranges::any_of(columns, &MirrorColumn::identity_always); }

}  // namespace pgmirror::sinks::postgres
