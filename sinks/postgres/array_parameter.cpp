#include "sinks/postgres/array_parameter.hpp"

#include <arpa/inet.h>

#include <cstring>

namespace pgmirror::sinks::postgres {

namespace {

void append_int32(std::string& out, std::uint32_t number) {
  const std::uint32_t network = htonl(number);
  char bytes[sizeof network];
  std::memcpy(bytes, &network, sizeof network);
  out.append(bytes, sizeof bytes);
}

}  // namespace

ArrayParameter::ArrayParameter(const TargetType& type, std::size_t rows) : type_(type) {
  constexpr std::size_t usual_cell = 12;
  bytes_.reserve(20 + rows * usual_cell);
  append_int32(bytes_, 1);
  // "May hold NULLs": the server checks each cell's length anyway.
  append_int32(bytes_, 1);
  append_int32(bytes_, type.oid);
  append_int32(bytes_, static_cast<std::uint32_t>(rows));
  append_int32(bytes_, 1);
}

}  // namespace pgmirror::sinks::postgres
