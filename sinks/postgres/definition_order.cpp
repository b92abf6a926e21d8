#include "sinks/postgres/definition_order.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "sinks/postgres/of_postgres.hpp"

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

RelationPtr called(const RelationPtr& relation, const std::string& schema, const std::string& name) {
  change::Relation renamed = *relation;
  renamed.schema = schema;
  renamed.name = name;
  return std::make_shared<const change::Relation>(std::move(renamed));
}

/// The table gets the name; `definition` goes on from there.
Definition take_name(Definition& definition, const std::string& schema, const std::string& name) {
  Definition step{
      .change = {.before = definition.change.before, .after = called(definition.change.before, schema, name)},
      .table = definition.table,
      .step = Definition::Step::name,
      .outcome = definition.outcome};
  definition.change.before = step.change.after;
  return step;
}

Definition step_aside(Definition& definition, std::size_t number) {
  return take_name(definition, definition.change.before->schema, fmt::format("pgmirror_renaming_{}", number));
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
      // A name that is taken by a table of which nothing is told: the first goes on, the mirror says what stands there.
      next = waiting.begin();
    }
    names.follow(next->change);
    const change::SchemaChange& change = next->change;
    if (change.before && change.after && !keeps_name(change) && of_postgres(*change.after)) {
      ordered.push_back(take_name(*next, change.after->schema, change.after->name));
      next->step = Definition::Step::rest;
    }
    ordered.push_back(std::move(*next));
    waiting.erase(next);
  }
  return ordered;
}

}  // namespace pgmirror::sinks::postgres
