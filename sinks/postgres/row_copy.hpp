#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "sinks/postgres/net_batch.hpp"

namespace pgmirror::sinks::postgres {

/// New rows of one table as a COPY, to be sent in one piece.
struct RowCopy {
  std::string sql;
  std::string data;
  std::uint64_t rows = 0;
};

/// Nothing where a value needs more than its cell: an entry in pgmirror.odd_values, or a column that allows NULL.
std::optional<RowCopy> encode_copy(const MirrorTable& table, std::span<const RowEffect* const> rows);

}  // namespace pgmirror::sinks::postgres
