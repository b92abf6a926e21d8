#pragma once

#include <string>
#include <vector>

namespace pgmirror::sinks::postgres {

/// `values` as the binary form of a text[] or bytea[] parameter, whose element type is `element_oid`.
std::string bytes_array(const std::vector<std::string>& values, unsigned int element_oid);

inline constexpr unsigned int text_oid = 25;
inline constexpr unsigned int text_array_oid = 1009;
inline constexpr unsigned int bytea_oid = 17;
inline constexpr unsigned int bytea_array_oid = 1001;

}  // namespace pgmirror::sinks::postgres
