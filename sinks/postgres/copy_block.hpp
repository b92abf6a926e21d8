#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sinks/postgres/odd_values.hpp"

namespace pgmirror::sinks::postgres {

/// Some rows of one table in COPY's form, on their way from the thread that encodes to the one that sends.
struct CopyBlock {
  std::string bytes;
  std::uint64_t rows = 0;
  OddValues odd;
  /// Columns (positions in MirrorTable::columns) that must allow NULL before these rows can go in.
  std::vector<std::size_t> allow_null;
};

}  // namespace pgmirror::sinks::postgres
