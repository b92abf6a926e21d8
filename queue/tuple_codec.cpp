#include "queue/tuple_codec.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace pgmirror::queue {
namespace {

using change::Value;
using change::ValueKind;

// The widths of a length that does not fit the first byte.
constexpr unsigned length_in_1 = 28;
constexpr unsigned length_in_2 = 29;
constexpr unsigned length_in_4 = 30;

constexpr char first_byte(ValueKind kind, unsigned n) {
  return static_cast<char>(static_cast<unsigned>(kind) | (n << 3U));
}

char* put_integer(char* at, std::int64_t number) {
  const auto bits = wire::zigzag(number);
  const auto width = static_cast<unsigned>(std::bit_width(bits) + 7) / 8;
  *at++ = first_byte(ValueKind::integer, width);
  // Always eight: a copy of known size is one instruction, and there is room.
  wire::store(at, bits);
  return at + width;
}

char* put_bytes(char* at, ValueKind kind, std::string_view bytes) {
  const auto size = bytes.size();
  if (size < length_in_1) {
    *at++ = first_byte(kind, static_cast<unsigned>(size));
  } else if (size <= 0xFF) {
    *at++ = first_byte(kind, length_in_1);
    *at++ = static_cast<char>(size);
  } else if (size <= 0xFFFF) {
    *at++ = first_byte(kind, length_in_2);
    wire::store(at, static_cast<std::uint16_t>(size));
    at += 2;
  } else {
    *at++ = first_byte(kind, length_in_4);
    wire::store(at, static_cast<std::uint32_t>(size));
    at += 4;
  }
  if (size != 0) std::memcpy(at, bytes.data(), size);
  return at + size;
}

std::uint64_t low_bytes(wire::Reader& in, unsigned width) {
  if (width > 8) throw wire::Malformed("an integer is wider than eight bytes");
  if (in.remaining() >= 8) {
    const auto all = wire::load<std::uint64_t>(in.position());
    in.bytes(width);
    return width == 8 ? all : all & ((std::uint64_t{1} << (8 * width)) - 1);
  }
  std::uint64_t number = 0;
  const auto bytes = in.bytes(width);
  std::memcpy(&number, bytes.data(), bytes.size());
  return number;
}

std::size_t byte_length(wire::Reader& in, unsigned n) {
  switch (n) {
    case length_in_1:
      return in.byte();
    case length_in_2:
      return wire::load<std::uint16_t>(in.bytes(2).data());
    case length_in_4:
      return wire::load<std::uint32_t>(in.bytes(4).data());
    default:
      if (n > length_in_4) throw wire::Malformed("the length of a cell is of unknown width");
      return n;
  }
}

Value take_cell(wire::Reader& in) {
  const unsigned first = in.byte();
  const unsigned n = first >> 3U;
  switch (static_cast<ValueKind>(first & 7U)) {
    case ValueKind::null:
      return Value::null();
    case ValueKind::unchanged:
      return Value::unchanged();
    case ValueKind::integer:
      return Value::integer(wire::unzigzag(low_bytes(in, n)));
    case ValueKind::real:
      return Value::real(std::bit_cast<double>(wire::load<std::uint64_t>(in.bytes(8).data())));
    case ValueKind::text:
      return Value::text(in.bytes(byte_length(in, n)));
    case ValueKind::blob:
      return Value::blob(in.bytes(byte_length(in, n)));
  }
  throw wire::Malformed("a cell is of unknown kind");
}

}  // namespace

std::span<Value> CellArena::take(std::size_t count) {
  while (chunk_ < chunks_.size() && chunks_[chunk_].size - used_ < count) {
    ++chunk_;
    used_ = 0;
  }
  if (chunk_ == chunks_.size()) {
    const auto size = std::max(count, usual_chunk);
    chunks_.push_back({std::make_unique<Value[]>(size), size});
    used_ = 0;
  }
  const std::span<Value> cells{chunks_[chunk_].cells.get() + used_, count};
  used_ += count;
  return cells;
}

void CellArena::clear() { chunk_ = used_ = 0; }

void append_tuple(ByteBuffer& out, change::Tuple tuple) {
  constexpr std::size_t most_besides_bytes = 9;
  std::size_t bytes = 0;
  for (const Value& value : tuple) {
    if (value.kind() != ValueKind::text && value.kind() != ValueKind::blob) continue;
    if (value.bytes().size() > std::numeric_limits<std::uint32_t>::max()) {
      throw std::length_error("a value of more than 4 GiB does not fit the queue; exclude its column");
    }
    bytes += value.bytes().size();
  }
  char* at = out.reserve(wire::longest_varint + tuple.size() * most_besides_bytes + bytes);
  at = wire::put_varint(at, tuple.size());
  for (const Value& value : tuple) {
    switch (value.kind()) {
      case ValueKind::null:
      case ValueKind::unchanged:
        *at++ = first_byte(value.kind(), 0);
        break;
      case ValueKind::integer:
        at = put_integer(at, value.as_integer());
        break;
      case ValueKind::real:
        *at++ = first_byte(ValueKind::real, 0);
        wire::store(at, value.as_real());
        at += 8;
        break;
      case ValueKind::text:
      case ValueKind::blob:
        at = put_bytes(at, value.kind(), value.bytes());
        break;
    }
  }
  out.advance_to(at);
}

change::Tuple take_tuple(wire::Reader& in, CellArena& arena) {
  const auto cells = arena.take(in.count());
  for (Value& cell : cells) cell = take_cell(in);
  return cells;
}

void skip_tuple(wire::Reader& in) {
  for (auto left = in.count(); left > 0; --left) take_cell(in);
}

}  // namespace pgmirror::queue
