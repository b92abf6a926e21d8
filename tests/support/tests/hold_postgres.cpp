#include <unistd.h>

#include <iostream>

#include "tests/support/throwaway_postgres.hpp"

/// Starts a cluster, prints its port and waits to be killed.
int main() {
  const pgmirror::tests::ThrowawayPostgres postgres;
  std::cout << postgres.port() << std::endl;
  ::pause();
}
