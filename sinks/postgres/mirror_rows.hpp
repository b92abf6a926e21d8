#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "libpq/connection.hpp"

namespace pgmirror::sinks::postgres {

/// Reads the rows of a query by COPY BINARY: `consume` gets each row's fields behind their count, and says whether to
/// go on. One pass, memory of one row. Throws DatabaseError, std::runtime_error for a stream that is no such copy.
void read_rows(libpq::Connection& connection, const std::string& select,
               const std::function<bool(std::string_view)>& consume);

}  // namespace pgmirror::sinks::postgres
