#include "queue/relation_ids.hpp"

#include "queue/record_tag.hpp"
#include "queue/relation_definition.hpp"
#include "queue/wire.hpp"

namespace pgmirror::queue {

std::uint64_t RelationIds::id_of(const change::RelationPtr& relation, ByteBuffer& records, bool& defined) {
  if (relation.get() == recent_) return recent_id_;
  auto known = by_address_.find(relation.get());
  if (known == by_address_.end()) {
    ByteBuffer definition;
    append_definition(definition, *relation);
    const auto [same, is_new] = by_definition_.try_emplace(std::string(definition.view()), last_ + 1);
    if (is_new) {
      ++last_;
      const char tag = static_cast<char>(RecordTag::relation);
      records.append({&tag, 1});
      wire::append_varint(records, last_);
      wire::append_string(records, definition.view());
      defined = true;
    }
    known = by_address_.emplace(relation.get(), Known{relation, same->second}).first;
  }
  recent_ = relation.get();
  recent_id_ = known->second.id;
  return recent_id_;
}

void RelationIds::forget_after(std::uint64_t last) {
  if (last == last_) return;
  std::erase_if(by_address_, [last](const auto& entry) { return entry.second.id > last; });
  std::erase_if(by_definition_, [last](const auto& entry) { return entry.second > last; });
  recent_ = nullptr;
  last_ = last;
}

}  // namespace pgmirror::queue
