#pragma once

#include <string>
#include <vector>

#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres {

/// As pgoutput's option publication_names wants it: quoted names with commas between them, still to be quoted as a
/// string.
inline std::string publication_list(const std::vector<std::string>& publications) {
  std::string list;
  for (const std::string& publication : publications) {
    if (!list.empty()) list += ',';
    list += libpq::quote_identifier(publication);
  }
  return list;
}

}  // namespace pgmirror::capture::postgres
