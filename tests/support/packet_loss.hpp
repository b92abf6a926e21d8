#pragma once

namespace pgmirror::tests {

/// From now on the kernel loses so many of a thousand packets that arrive for this TCP socket before TCP sees them: no
/// acknowledgement, no answer to a keepalive. Needs no privilege. 0: none. Throws std::system_error.
void lose_packets(int socket, unsigned per_thousand);

}  // namespace pgmirror::tests
