#include "sinks/postgres/text_array.hpp"

#include "sinks/postgres/binary_field.hpp"

namespace pgmirror::sinks::postgres {

std::string bytes_array(const std::vector<std::string>& values, unsigned int element_oid) {
  std::string out;
  append_network_order(out, std::int32_t{values.empty() ? 0 : 1});
  append_network_order(out, std::int32_t{0});
  append_network_order(out, static_cast<std::uint32_t>(element_oid));
  if (values.empty()) return out;
  append_network_order(out, static_cast<std::int32_t>(values.size()));
  append_network_order(out, std::int32_t{1});
  for (const std::string& value : values) append_bytes_field(out, value);
  return out;
}

}  // namespace pgmirror::sinks::postgres
