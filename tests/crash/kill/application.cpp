// An application for the kill test: works on its store until somebody kills it, and goes on where it was when it is
// started again.
//
// kill_test_application FILE
#include <exception>
#include <iostream>

#include "tests/crash/kill/busy_store.hpp"

int main(int argc, char** argv) {
  try {
    if (argc != 2) throw std::runtime_error("usage: kill_test_application FILE");
    pgmirror::tests::BusyStore store(argv[1]);
    for (;;) store.work();
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
