#include "change/value.hpp"

#include <bit>

namespace pgmirror::change {

bool Value::operator==(const Value& other) const {
  if (kind_ != other.kind_) return false;
  switch (kind_) {
    case ValueKind::null:
    case ValueKind::unchanged:
      return true;
    case ValueKind::integer:
      return integer_ == other.integer_;
    case ValueKind::real:
      return std::bit_cast<std::uint64_t>(real_) == std::bit_cast<std::uint64_t>(other.real_);
    case ValueKind::text:
    case ValueKind::blob:
      return bytes() == other.bytes();
  }
  return false;
}

}  // namespace pgmirror::change
