#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "change/relation.hpp"

namespace pgmirror::queue {

/// What relation numbers mean in the segment being read.
class RelationTable {
 public:
  /// The same definition gives the same object, in whatever segment it stands. Throws wire::Malformed.
  void define(std::uint64_t id, std::string_view definition);
  /// Throws wire::Malformed for a number that was not defined.
  const change::RelationPtr& at(std::uint64_t id) const;
  /// Another segment: numbers mean nothing any more.
  void forget_numbers() { by_id_.clear(); }

 private:
  std::vector<change::RelationPtr> by_id_;
  std::unordered_map<std::string, change::RelationPtr> by_definition_;
};

}  // namespace pgmirror::queue
