/// The tests' proxy as a program: puts a round trip between an agent and a server on this machine.
///
///   delaying_proxy SERVER_PORT ROUND_TRIP_MS     prints the port it listens on, runs until its standard input ends
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>

#include "tests/support/tcp_proxy.hpp"

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: delaying_proxy SERVER_PORT ROUND_TRIP_MS\n");
    return 64;
  }
  pgmirror::config::ConnectionSettings server;
  server.host = "127.0.0.1";
  server.port = static_cast<std::uint16_t>(std::strtoul(argv[1], nullptr, 10));
  pgmirror::tests::TcpProxy proxy(server);
  proxy.delay_each_way(std::chrono::milliseconds(std::strtol(argv[2], nullptr, 10) / 2));
  fmt::print("{}\n", proxy.port());
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
  }
  return 0;
}
