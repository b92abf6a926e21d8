#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace pgmirror::libpq {

/// The parameters of one statement, in order, in libpq's form.
///
/// Owns copies of what is added with text(); binary() takes the buffer over. The arrays that the accessors give stay
/// valid until the next addition. Not copyable: libpq points into it while a statement is on its way.
class Parameters {
 public:
  Parameters() = default;
  Parameters(const Parameters&) = delete;
  Parameters& operator=(const Parameters&) = delete;
  Parameters(Parameters&&) = default;
  Parameters& operator=(Parameters&&) = default;

  /// Texts whose types the server infers.
  static Parameters texts(std::initializer_list<std::string_view> values);

  /// `type` 0 lets the server infer it. `value` must not hold NUL bytes (std::invalid_argument).
  Parameters& text(std::string_view value, Oid type = 0);
  Parameters& integer(std::int64_t value);
  Parameters& null(Oid type = 0);
  /// `value` in the binary form of `type`, which must be given.
  Parameters& binary(std::string value, Oid type);

  int count() const { return static_cast<int>(pointers_.size()); }
  const Oid* types() const { return types_.data(); }
  const char* const* values() const { return pointers_.data(); }
  const int* lengths() const { return lengths_.data(); }
  const int* formats() const { return formats_.data(); }
  /// Bytes of all values, to bound what is in flight.
  std::size_t bytes() const { return bytes_; }

 private:
  void add(std::string value, Oid type, int format);

  std::deque<std::string> storage_;
  std::vector<const char*> pointers_;
  std::vector<Oid> types_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
  std::size_t bytes_ = 0;
};

}  // namespace pgmirror::libpq
