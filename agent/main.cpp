#include "agent/command_line.hpp"

int main(int argc, char** argv) { return static_cast<int>(pgmirror::agent::run_command_line(argc, argv)); }
