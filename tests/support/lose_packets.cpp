#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

#include "tests/support/packet_loss.hpp"

/// lose_packets SHARE: from now on the socket that is our standard input loses so many of a thousand packets.
int main(int count, char** arguments) {
  try {
    if (count != 2) throw std::runtime_error("lose_packets SHARE, with a socket as standard input");
    pgmirror::tests::lose_packets_here(STDIN_FILENO, static_cast<unsigned>(std::stoul(arguments[1])));
    return EXIT_SUCCESS;
  } catch (const std::exception& failure) {
    std::cerr << failure.what() << '\n';
    return EXIT_FAILURE;
  }
}
