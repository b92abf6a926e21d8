#pragma once

#include <optional>
#include <string_view>

namespace pgmirror::capture::postgres {

/// Finds the rows in the messages of one COPY TO STDOUT (FORMAT binary).
///
/// The server sends a message for each row (manual: "Message Flow", "COPY Operations"); the header stands before
/// the first row or, without rows, before the trailer ("COPY", "Binary Format").
class BinaryCopy {
 public:
  /// The row in the next message, a view into it; none where it has none. Throws MalformedMessage.
  std::optional<std::string_view> row_in(std::string_view message);

 private:
  bool begun_ = false;
};

}  // namespace pgmirror::capture::postgres
