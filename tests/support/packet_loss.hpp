#pragma once

namespace pgmirror::tests {

/// From now on the kernel loses so many of a thousand packets that arrive for this TCP socket before TCP sees them: no
/// acknowledgement, no answer to a keepalive. 0: none. Where the kernel allows this to root alone, the program
/// `lose_packets` beside this one does it by sudo. Throws std::system_error.
void lose_packets(int socket, unsigned per_thousand);

/// The same, by this process.
void lose_packets_here(int socket, unsigned per_thousand);

}  // namespace pgmirror::tests
