#include "capture/postgres/binary_copy.hpp"

#include <cstdint>

#include "capture/postgres/frame_reader.hpp"

namespace pgmirror::capture::postgres {
namespace {

constexpr std::string_view signature{"PGCOPY\n\377\r\n\0", 11};
constexpr std::string_view trailer{"\377\377", 2};
/// Flags that change what follows: a reader who does not know them must stop.
constexpr std::uint32_t critical_flags = 0xFFFF'0000;

}  // namespace

std::optional<std::string_view> BinaryCopy::row_in(std::string_view message) {
  FrameReader reader(message);
  if (!begun_) {
    begun_ = true;
    if (reader.bytes(signature.size(), "the signature of binary COPY") != signature) reader.fail("binary COPY");
    if ((reader.number<std::uint32_t>("flags") & critical_flags) != 0) reader.fail("no flags of a later version");
    reader.bytes(reader.number<std::uint32_t>("the length of a header"), "a header");
  }
  const std::string_view row = message.substr(message.size() - reader.left());
  if (row.empty() || row == trailer) return std::nullopt;
  return row;
}

}  // namespace pgmirror::capture::postgres
