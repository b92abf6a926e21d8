#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "change/relation.hpp"
#include "queue/byte_buffer.hpp"

namespace pgmirror::queue {

/// The numbers that relations have in the segment being written.
class RelationIds {
 public:
  /// The relation's number. Where it has none yet, it gets one and its record is appended to `records`; `defined` says
  /// so.
  std::uint64_t id_of(const change::RelationPtr& relation, ByteBuffer& records, bool& defined);

  std::uint64_t last() const { return last_; }
  /// Forgets numbers above `last`: their records were not written.
  void forget_after(std::uint64_t last);

 private:
  struct Known {
    change::RelationPtr relation;  // held, so that no other relation gets its address
    std::uint64_t id;
  };
  std::unordered_map<const change::Relation*, Known> by_address_;
  std::unordered_map<std::string, std::uint64_t> by_definition_;
  const change::Relation* recent_ = nullptr;
  std::uint64_t recent_id_ = 0;
  std::uint64_t last_ = 0;
};

}  // namespace pgmirror::queue
