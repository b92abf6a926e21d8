#pragma once

#include <string_view>

#include "change/relation.hpp"
#include "queue/byte_buffer.hpp"

namespace pgmirror::queue {

/// Appends the definition that FORMAT.md describes.
void append_definition(ByteBuffer& out, const change::Relation& relation);

/// Throws wire::Malformed unless `bytes` is one whole definition.
change::Relation parse_definition(std::string_view bytes);

}  // namespace pgmirror::queue
