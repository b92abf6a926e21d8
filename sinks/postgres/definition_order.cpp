#include "sinks/postgres/definition_order.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace pgmirror::sinks::postgres {
namespace {

using change::RelationPtr;
using Name = std::pair<std::string, std::string>;

Name name_of(const RelationPtr& relation) { return {relation->schema, relation->name}; }

bool keeps_name(const change::SchemaChange& change) {
  return change.before && change.after && name_of(change.before) == name_of(change.after);
}

/// Which names are taken while the definitions are followed one after another.
class Names {
 public:
  explicit Names(const std::function<bool(const change::Relation&)>& stands) : stands_(stands) {}

  bool allow(const change::SchemaChange& change) { return !change.after || keeps_name(change) || !taken(change.after); }
  void follow(const change::SchemaChange& change) {
    if (change.before) known_[name_of(change.before)] = false;
    if (change.after) known_[name_of(change.after)] = true;
  }

 private:
  bool taken(const RelationPtr& relation) {
    const auto known = known_.find(name_of(relation));
    return known == known_.end() ? stands_(*relation) : known->second;
  }

  const std::function<bool(const change::Relation&)>& stands_;
  std::map<Name, bool> known_;
};

/// The table steps aside under a name of ours, and `definition` goes on from there.
Definition step_aside(Definition& definition, std::size_t number) {
  change::Relation aside = *definition.change.before;
  aside.name = fmt::format("pgmirror_renaming_{}", number);
  const auto relation = std::make_shared<const change::Relation>(std::move(aside));
  Definition step{.change = {.before = definition.change.before, .after = relation}, .table = definition.table};
  definition.change.before = relation;
  return step;
}

}  // namespace

std::vector<Definition> in_safe_order(std::vector<Definition> waiting,
                                      const std::function<bool(const change::Relation&)>& stands) {
  Names names(stands);
  std::vector<Definition> ordered;
  std::vector<RelationPtr> aside;
  while (!waiting.empty()) {
    auto next = std::ranges::find_if(waiting, [&](const Definition& one) { return names.allow(one.change); });
    if (next == waiting.end()) {
      next = std::ranges::find_if(waiting, [&](const Definition& one) {
        return one.change.before && std::ranges::find(aside, one.change.before) == aside.end();
      });
      if (next != waiting.end()) {
        ordered.push_back(step_aside(*next, aside.size()));
        aside.push_back(next->change.before);
        names.follow(ordered.back().change);
        continue;
      }
      // Names that are taken for good: the mirror says what stands there.
      std::ranges::move(waiting, std::back_inserter(ordered));
      break;
    }
    names.follow(next->change);
    ordered.push_back(std::move(*next));
    waiting.erase(next);
  }
  return ordered;
}

}  // namespace pgmirror::sinks::postgres
