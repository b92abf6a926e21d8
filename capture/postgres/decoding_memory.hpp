#pragma once

#include "libpq/connection.hpp"

namespace pgmirror::capture::postgres {

/// Lets the server process of this session keep more of a large transaction in memory before it goes to disk: half of
/// the server's shared_buffers, a gigabyte at most, and never less than the server is set to. A small server is asked
/// for little. Throws DatabaseError.
void raise_decoding_memory(libpq::Connection& connection);

/// The same for what a function returns, before it is sent: an eighth of shared_buffers, 64 MB at most.
void raise_result_memory(libpq::Connection& connection);

}  // namespace pgmirror::capture::postgres
