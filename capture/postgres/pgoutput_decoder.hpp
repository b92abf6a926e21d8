#pragma once

#include <string_view>
#include <vector>

#include "capture/postgres/frame_reader.hpp"
#include "capture/postgres/pgoutput_message.hpp"

namespace pgmirror::capture::postgres {

/// Takes one frame of pgoutput apart. Keeps nothing but its buffers, which never grow beyond what a frame holds.
class PgoutputDecoder {
 public:
  /// The message views `frame` and this object. Throws MalformedMessage.
  PgoutputMessage decode(std::string_view frame);

 private:
  change::Tuple read_tuple(FrameReader& reader, std::vector<change::Value>& cells);
  RelationMessage read_relation(FrameReader& reader);
  UpdateMessage read_update(FrameReader& reader);
  DeleteMessage read_delete(FrameReader& reader);
  TruncateMessage read_truncate(FrameReader& reader);

  std::vector<change::Value> old_cells_;
  std::vector<change::Value> new_cells_;
  std::vector<RelationMessage::Column> columns_;
  std::vector<std::uint32_t> relations_;
};

}  // namespace pgmirror::capture::postgres
