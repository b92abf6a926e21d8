#include "tests/scenario/postgres_mirror/capture_method.hpp"

namespace pgmirror::tests {

ThrowawayPostgres& source_server() { return shared_postgres(); }

void choose_method(MirrorProgram& /*program*/) {}

}  // namespace pgmirror::tests
