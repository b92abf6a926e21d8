#pragma once

#include "tests/support/mirror_program.hpp"
#include "tests/support/throwaway_postgres.hpp"

namespace pgmirror::tests {

/// How the program under test finds the source's changes: each test program links one of captured_by_*.cpp.
///
/// A server for sources, shared by the tests of one program.
ThrowawayPostgres& source_server();
void choose_method(MirrorProgram& program);

}  // namespace pgmirror::tests
