#include "capture/postgres/backlog_statement.hpp"

#include <fmt/format.h>

#include <chrono>

#include "capture/postgres/frame_reader.hpp"
#include "capture/postgres/log_position.hpp"
#include "capture/postgres/publication_list.hpp"
#include "libpq/database_error.hpp"
#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view signature = "PGCOPY\n\377\r\n\0"sv;
constexpr std::int16_t end_of_copy = -1;

void skip_header(FrameReader& reader) {
  if (reader.bytes(signature.size(), "the beginning of a copy") != signature) reader.fail("the beginning of a copy");
  reader.number<std::uint32_t>("flags of a copy");
  const auto extension = reader.number<std::uint32_t>("the length of a copy's header");
  reader.bytes(extension, "a copy's header");
}

}  // namespace

std::string copy_slot_sql(const std::string& slot) {
  // Names have at most 63 bytes, and slots are all the server's.
  return fmt::format(
      "SELECT slot_name FROM pg_catalog.pg_copy_logical_replication_slot({0}, pg_catalog.concat(pg_catalog.left({0},"
      " 48), '_at_', pg_catalog.pg_backend_pid())::pg_catalog.name, true)",
      libpq::quote_literal(slot));
}

std::string backlog_sql(const std::string& slot) {
  return "SELECT confirmed_flush_lsn, restart_lsn, pg_catalog.pg_current_wal_flush_lsn(),"
         " (pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) OPERATOR(pg_catalog.*) 1000000)::bigint"
         " FROM pg_catalog.pg_replication_slots WHERE slot_name OPERATOR(pg_catalog.=) " +
         libpq::quote_literal(slot) + "::pg_catalog.name";
}

Backlog read_backlog(const libpq::Result& answer) {
  if (answer.rows() != 1 || answer.is_null(0, 0) || answer.is_null(0, 1)) {
    throw libpq::DatabaseError("temporary slot is gone, or what it needs of the log", "", false);
  }
  return {.passed = parse_log_position(answer.text(0, 0)),
          .restart = parse_log_position(answer.text(0, 1)),
          .log_end = parse_log_position(answer.text(0, 2)),
          .looked_at = change::CommitTime(std::chrono::microseconds(std::stoll(std::string(answer.text(0, 3)))))};
}

std::string copy_backlog_sql(const std::string& slot, const BacklogStep& step,
                             const std::vector<std::string>& publications) {
  return fmt::format(
      "COPY (SELECT data FROM pg_catalog.pg_logical_slot_get_binary_changes({}, '{}', {}, 'proto_version', '1',"
      " 'publication_names', {})) TO STDOUT (FORMAT binary)",
      libpq::quote_literal(slot), to_string(step.up_to), step.messages == 0 ? "NULL" : std::to_string(step.messages),
      libpq::quote_literal(publication_list(publications)));
}

bool each_copied_message(std::string_view bytes, bool first, const std::function<void(std::string_view)>& consume) {
  FrameReader reader(bytes);
  if (first) skip_header(reader);
  while (reader.left() > 0) {
    const auto columns = reader.number<std::int16_t>("a number of columns");
    if (columns == end_of_copy) {
      reader.end();
      return true;
    }
    if (columns != 1) reader.fail("one column before this");
    consume(reader.bytes(reader.number<std::uint32_t>("the length of a message"), "a whole message"));
  }
  return false;
}

std::string advance_slot_sql(const std::string& slot, change::Position durable) {
  return fmt::format("SELECT end_lsn FROM pg_catalog.pg_replication_slot_advance({}, '{}')", libpq::quote_literal(slot),
                     to_string(durable));
}

}  // namespace pgmirror::capture::postgres
