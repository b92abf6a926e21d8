#include "libpq/parameters.hpp"

#include <stdexcept>
#include <utility>

namespace pgmirror::libpq {
namespace {

constexpr Oid int8_oid = 20;
constexpr int text_format = 0;
constexpr int binary_format = 1;

}  // namespace

Parameters Parameters::texts(std::initializer_list<std::string_view> values) {
  Parameters parameters;
  for (const std::string_view value : values) parameters.text(value);
  return parameters;
}

Parameters& Parameters::text(std::string_view value, Oid type) {
  if (value.find('\0') != std::string_view::npos) {
    throw std::invalid_argument("a text parameter cannot hold a NUL byte; send it in binary form");
  }
  add(std::string(value), type, text_format);
  return *this;
}

Parameters& Parameters::integer(std::int64_t value) {
  add(std::to_string(value), int8_oid, text_format);
  return *this;
}

Parameters& Parameters::null(Oid type) {
  pointers_.push_back(nullptr);
  types_.push_back(type);
  lengths_.push_back(0);
  formats_.push_back(text_format);
  return *this;
}

Parameters& Parameters::binary(std::string value, Oid type) {
  add(std::move(value), type, binary_format);
  return *this;
}

void Parameters::add(std::string value, Oid type, int format) {
  bytes_ += value.size();
  const std::string& stored = storage_.emplace_back(std::move(value));
  pointers_.push_back(stored.c_str());
  types_.push_back(type);
  lengths_.push_back(static_cast<int>(stored.size()));
  formats_.push_back(format);
}

}  // namespace pgmirror::libpq
