#include "capture/postgres/decoding_memory.hpp"

#include <fmt/format.h>

namespace pgmirror::capture::postgres {
namespace {

/// `setting` becomes that part of shared_buffers, `most` kilobytes at most. Nothing where the server does not have it.
void raise(libpq::Connection& connection, const char* setting, int part_of_buffers, int most) {
  // Of pg_settings, one counts kilobytes and the other pages.
  connection.execute(fmt::format(
      "SELECT pg_catalog.set_config('{0}',"
      " greatest(own.setting::pg_catalog.int8,"
      "  least({1}, shared.setting::pg_catalog.int8 * pg_catalog.current_setting('block_size')::pg_catalog.int8"
      "   / 1024 / {2}))::pg_catalog.text || 'kB', false)"
      " FROM pg_catalog.pg_settings own, pg_catalog.pg_settings shared"
      " WHERE own.name = '{0}' AND shared.name = 'shared_buffers'",
      setting, most, part_of_buffers));
}

}  // namespace

void raise_decoding_memory(libpq::Connection& connection) {
  // Servers before 13 have no such setting.
  raise(connection, "logical_decoding_work_mem", 2, 1 << 20);
}

void raise_result_memory(libpq::Connection& connection) { raise(connection, "work_mem", 8, 64 << 10); }

}  // namespace pgmirror::capture::postgres
