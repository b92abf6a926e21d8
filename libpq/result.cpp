#include "libpq/result.hpp"

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>

namespace pgmirror::libpq {

std::int64_t Result::integer(int row, int column) const {
  const std::string_view digits = text(row, column);
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (failure != std::errc{} || end != digits.data() + digits.size()) {
    throw std::runtime_error(fmt::format("column {} of an answer of the mirror: a whole number was expected",
                                         PQfname(result_.get(), column)));
  }
  return number;
}

std::uint64_t Result::affected() const {
  const std::string_view digits = PQcmdTuples(result_.get());
  std::uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

}  // namespace pgmirror::libpq
