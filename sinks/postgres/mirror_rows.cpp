#include "sinks/postgres/mirror_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "libpq/copy_stream.hpp"

namespace pgmirror::sinks::postgres {

namespace {

/// Signature, flags, and the length of an extension that no server sends.
constexpr std::size_t header_size = 19;
constexpr std::size_t count_size = 2;
constexpr std::string_view trailer = "\xFF\xFF";

}  // namespace

void read_rows(libpq::Connection& connection, const std::string& select,
               const std::function<bool(std::string_view)>& consume) {
  libpq::CopyOut copy = connection.copy_out(fmt::format("COPY ({}) TO STDOUT (FORMAT binary)", select));
  bool first = true;
  while (std::optional<std::string_view> message = copy.read()) {
    // The server sends a message a row; the header comes in front of the first.
    if (first) message->remove_prefix(std::min(header_size, message->size()));
    first = false;
    if (message->empty() || *message == trailer) continue;
    if (message->size() < count_size) throw std::runtime_error("the mirror sent a row without a field count");
    if (!consume(message->substr(count_size))) return;
  }
}

}  // namespace pgmirror::sinks::postgres
