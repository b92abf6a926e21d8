#include <cstdlib>
#include <initializer_list>

#include "agent/command_line.hpp"

int main(int argc, char** argv) {
  // libpq takes from these what we leave empty on purpose: poolers refuse options, and a service file would change
  // where a connection goes.
  for (const char* name : {"PGOPTIONS", "PGSERVICE", "PGSERVICEFILE"}) unsetenv(name);
  return static_cast<int>(pgmirror::agent::run_command_line(argc, argv));
}
