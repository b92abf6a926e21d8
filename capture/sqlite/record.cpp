#include "capture/sqlite/record.hpp"

#include <array>
#include <bit>
#include <string_view>

#include "capture/sqlite/big_endian.hpp"

namespace pgmirror::capture::sqlite {

std::uint64_t serial_type_size(std::uint64_t serial_type) {
  constexpr std::array<std::uint64_t, 10> sizes{0, 1, 2, 3, 4, 6, 8, 8, 0, 0};
  if (serial_type < sizes.size()) return sizes[serial_type];
  if (serial_type < 12) throw DamagedPage("record has a value of a type that does not exist");
  return (serial_type - 12) / 2;
}

change::Value RecordField::value() const {
  if (is_null()) return change::Value::null();
  if (serial_type == 8) return change::Value::integer(0);
  if (serial_type == 9) return change::Value::integer(1);
  if (is_integer()) return change::Value::integer(load_signed(bytes.data(), bytes.size()));
  if (is_real()) return change::Value::real(std::bit_cast<double>(load_signed(bytes.data(), 8)));
  const std::string_view view{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  return is_text() ? change::Value::text(view) : change::Value::blob(view);
}

bool holds_fields(std::span<const std::byte> beginning, std::size_t fields) {
  const std::byte* at = beginning.data();
  const std::byte* const end = at + beginning.size();
  if (beginning.size() < 9) return false;  // the header's size may be cut
  const std::uint64_t header = take_varint(at, end);
  if (header > beginning.size()) return false;
  std::uint64_t needed = header;
  const std::byte* const header_end = beginning.data() + header;
  for (std::size_t i = 0; i < fields && at < header_end; ++i) {
    needed += serial_type_size(take_varint(at, header_end));
    if (needed > beginning.size()) return false;
  }
  return true;
}

}  // namespace pgmirror::capture::sqlite
