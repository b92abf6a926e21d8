#pragma once

#include <cstddef>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "capture/postgres/pgoutput_message.hpp"

namespace pgmirror::capture::postgres {

/// Bytes that are no message of pgoutput. The message says at which offset of the frame; never what was there.
class MalformedMessage : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Takes one frame of pgoutput apart. Keeps nothing but its buffers, which never grow beyond what a frame holds.
class PgoutputDecoder {
 public:
  /// The message views `frame` and this object. Throws MalformedMessage.
  PgoutputMessage decode(std::string_view frame);

 private:
  class Reader;
  change::Tuple read_tuple(Reader& reader, std::vector<change::Value>& cells);
  RelationMessage read_relation(Reader& reader);
  UpdateMessage read_update(Reader& reader);
  DeleteMessage read_delete(Reader& reader);
  TruncateMessage read_truncate(Reader& reader);

  std::vector<change::Value> old_cells_;
  std::vector<change::Value> new_cells_;
  std::vector<RelationMessage::Column> columns_;
  std::vector<std::uint32_t> relations_;
};

}  // namespace pgmirror::capture::postgres
