#include "sinks/postgres/copy_through.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>

#include "libpq/copy_stream.hpp"
#include "sinks/postgres/copy_encoder.hpp"

namespace pgmirror::sinks::postgres {

using change::CopyForm;

namespace {

/// Types whose binary form we do not make ourselves and that is the same in every version of the server.
constexpr auto also_binary = std::to_array<std::string_view>(
    {"real", "time without time zone", "time with time zone", "interval", "inet", "cidr"});

bool is_same_in_binary(const MirrorColumn& column, const change::Column& source) {
  return column.type.sql == source.declared_type &&
         (column.type.copies_binary() || std::ranges::find(also_binary, source.declared_type) != also_binary.end());
}

/// Binary costs both servers less; where a type's binary form may differ between them (those of extensions and of
/// people, arrays with the numbers of their elements' types) the text is what is certain.
CopyForm form_between(const change::Snapshot& snapshot, const MirrorTable& table) {
  const bool binary = std::ranges::all_of(table.columns, [&](const MirrorColumn& column) {
    return is_same_in_binary(column, table.relation->columns[column.source]);
  });
  return binary && snapshot.gives_copy(CopyForm::binary) ? CopyForm::binary : CopyForm::text;
}

}  // namespace

bool can_copy_through(const change::Snapshot& snapshot, const MirrorTable& table) {
  return snapshot.gives_copy(CopyForm::text) && table.of_postgres() &&
         table.columns.size() == table.relation->columns.size();
}

std::optional<std::uint64_t> copy_through(libpq::Connection& connection, change::Snapshot& snapshot,
                                          const MirrorTable& table, const change::TablePart& part,
                                          const std::function<void(std::uint64_t)>& progress,
                                          const std::stop_token& stop) {
  const CopyForm form = form_between(snapshot, table);
  libpq::CopyIn copy = connection.copy_in(copy_in_sql(table, form));
  copy.write(copy_header(form));
  std::uint64_t rows = 0;
  snapshot.copy_rows(*table.relation, part, form, [&](std::string_view bytes, std::uint64_t sent) {
    copy.write(bytes);
    rows += sent;
    progress(sent);
    return !stop.stop_requested();
  });
  if (stop.stop_requested()) return std::nullopt;
  copy.write(copy_trailer(form));
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
