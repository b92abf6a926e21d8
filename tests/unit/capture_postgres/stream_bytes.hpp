#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgmirror::tests {

/// Messages of a replication stream as a server would send them, written from the manual ("Logical Replication Message
/// Formats", "Streaming Replication Protocol"), not from the decoder.
class StreamBytes {
 public:
  StreamBytes& byte(char c) {
    bytes_ += c;
    return *this;
  }
  StreamBytes& int16(std::uint16_t number) { return big_endian(number, 2); }
  StreamBytes& int32(std::uint32_t number) { return big_endian(number, 4); }
  StreamBytes& int64(std::uint64_t number) { return big_endian(number, 8); }
  StreamBytes& text(std::string_view text) {
    bytes_ += text;
    bytes_ += '\0';
    return *this;
  }
  StreamBytes& raw(std::string_view bytes) {
    bytes_ += bytes;
    return *this;
  }
  /// A cell: nothing is NULL, `~` unchanged.
  StreamBytes& cell(std::optional<std::string_view> value) {
    if (!value) return byte('n');
    if (*value == "~") return byte('u');
    return byte('t').int32(static_cast<std::uint32_t>(value->size())).raw(*value);
  }
  StreamBytes& row(const std::vector<std::optional<std::string_view>>& cells) {
    int16(static_cast<std::uint16_t>(cells.size()));
    for (const auto& value : cells) cell(value);
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  StreamBytes& big_endian(std::uint64_t number, int size) {
    for (int i = size - 1; i >= 0; --i)
      bytes_ += static_cast<char>((number >> (8U * static_cast<unsigned>(i))) & 0xFFU);
    return *this;
  }
  std::string bytes_;
};

inline std::string begin_message(std::uint64_t commit_start, std::uint64_t time = 0) {
  return StreamBytes().byte('B').int64(commit_start).int64(time).int32(7).bytes();
}
inline std::string commit_message(std::uint64_t commit_start, std::uint64_t end, std::uint64_t time = 0) {
  return StreamBytes().byte('C').byte(0).int64(commit_start).int64(end).int64(time).bytes();
}
/// Columns of type text; those with a `*` in front belong to the identity.
inline std::string relation_message(std::uint32_t oid, std::string_view name,
                                    const std::vector<std::string_view>& columns, char identity = 'd') {
  StreamBytes message;
  message.byte('R').int32(oid).text("public").text(name).byte(identity);
  message.int16(static_cast<std::uint16_t>(columns.size()));
  for (const std::string_view column : columns) {
    const bool key = column.front() == '*';
    message.byte(key ? 1 : 0).text(key ? column.substr(1) : column).int32(25).int32(0xFFFFFFFFU);
  }
  return message.bytes();
}
inline std::string insert_message(std::uint32_t oid, const std::vector<std::optional<std::string_view>>& cells) {
  return StreamBytes().byte('I').int32(oid).byte('N').row(cells).bytes();
}

/// As CopyData holds it.
inline std::string plugin_frame(std::string_view message) {
  return StreamBytes().byte('w').int64(0).int64(0).int64(0).raw(message).bytes();
}
inline std::string keepalive_frame(std::uint64_t sent, bool reply = false) {
  return StreamBytes().byte('k').int64(sent).int64(0).byte(reply ? 1 : 0).bytes();
}

}  // namespace pgmirror::tests
