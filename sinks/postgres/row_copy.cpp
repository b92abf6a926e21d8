#include "sinks/postgres/row_copy.hpp"

#include <utility>

#include "sinks/postgres/copy_encoder.hpp"

namespace pgmirror::sinks::postgres {

std::optional<RowCopy> encode_copy(const MirrorTable& table, std::span<const RowEffect* const> rows) {
  CopyEncoder encoder(table);
  CopyBlock block{.bytes = std::string(copy_header(encoder.form()))};
  for (const RowEffect* row : rows) {
    for (std::uint64_t copy = 0; copy < row->copies; ++copy) {
      encoder.append(block, {row->row, table.relation->columns.size()});
    }
    if (!block.odd.empty() || !block.allow_null.empty()) return std::nullopt;
  }
  block.bytes += copy_trailer(encoder.form());
  return RowCopy{.sql = copy_in_sql(table, encoder.form()), .data = std::move(block.bytes), .rows = block.rows};
}

}  // namespace pgmirror::sinks::postgres
