#include "config/value_reader.hpp"

#include <fmt/format.h>

namespace pgmirror::config {

std::vector<std::string> ValueReader::read_list(std::string_view key) const {
  const GivenValue* const given = values_.find(key);
  if (given == nullptr) return {};
  return given->items.empty() ? split_list(given->text) : given->items;
}

void ValueReader::problem(const GivenValue& given, std::string_view what) {
  problems_.push_back(fmt::format("{}: {}", given.place, what));
}

}  // namespace pgmirror::config
