#include "tests/scenario/postgres_mirror/capture_method.hpp"

namespace pgmirror::tests {

/// One whose log cannot be decoded.
ThrowawayPostgres& source_server() {
  static ThrowawayPostgres cluster({.settings = {{"wal_level", "replica"}, {"max_prepared_transactions", "4"}}});
  return cluster;
}

void choose_method(MirrorProgram& program) { program.set("MIRROR_CAPTURE_METHOD", "triggers"); }

}  // namespace pgmirror::tests
