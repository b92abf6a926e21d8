#include "sinks/postgres/copy_through.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string_view>

#include "libpq/copy_stream.hpp"
#include "sinks/postgres/copy_encoder.hpp"

namespace pgmirror::sinks::postgres {

bool can_copy_through(const change::Snapshot& snapshot, const MirrorTable& table) {
  return snapshot.gives_copy_text() && table.of_postgres() && table.columns.size() == table.relation->columns.size();
}

std::optional<std::uint64_t> copy_through(libpq::Connection& connection, change::Snapshot& snapshot,
                                          const MirrorTable& table, const change::TablePart& part,
                                          const std::function<void(std::uint64_t)>& progress,
                                          const std::stop_token& stop) {
  libpq::CopyIn copy = connection.copy_in(copy_text_sql(table));
  std::uint64_t rows = 0;
  snapshot.copy_text(*table.relation, part, [&](std::string_view lines) {
    copy.write(lines);
    // A line feed inside a value is escaped.
    const auto sent = static_cast<std::uint64_t>(std::ranges::count(lines, '\n'));
    rows += sent;
    progress(sent);
    return !stop.stop_requested();
  });
  if (stop.stop_requested()) return std::nullopt;
  const std::uint64_t counted = copy.finish();
  if (counted != rows) refuse_swallowed_rows(table, rows, counted);
  return rows;
}

void refuse_swallowed_rows(const MirrorTable& table, std::uint64_t sent, std::uint64_t counted) {
  throw std::runtime_error(
      fmt::format("copy of table {}: {} rows were sent, the mirror counted {}; a trigger or rule "
                  "there swallows rows, drop it",
                  table.relation->qualified_name(), sent, counted));
}

}  // namespace pgmirror::sinks::postgres
