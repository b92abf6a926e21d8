#include "capture/postgres/decoding_memory.hpp"

namespace pgmirror::capture::postgres {

void raise_decoding_memory(libpq::Connection& connection) {
  // Servers before 13 have no such setting. Of pg_settings, one counts kilobytes and the other pages.
  connection.execute(
      "SELECT pg_catalog.set_config('logical_decoding_work_mem',"
      " greatest(own.setting::pg_catalog.int8,"
      "  least(1048576, shared.setting::pg_catalog.int8 * pg_catalog.current_setting('block_size')::pg_catalog.int8"
      "   / 2048))::pg_catalog.text || 'kB', false)"
      " FROM pg_catalog.pg_settings own, pg_catalog.pg_settings shared"
      " WHERE own.name = 'logical_decoding_work_mem' AND shared.name = 'shared_buffers'");
}

}  // namespace pgmirror::capture::postgres
