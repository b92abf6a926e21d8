#include "capture/postgres/object_order.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace pgmirror::capture::postgres {
namespace {

class Order {
 public:
  Order(std::vector<SchemaObject> objects, const ObjectDependencies& dependencies)
      : objects_(std::move(objects)), dependencies_(dependencies), visited_(objects_.size()) {
    std::ranges::stable_sort(objects_, {}, [](const SchemaObject& object) {
      return std::tuple(object.statement.stage, object.rank, object.node.oid);
    });
    for (std::size_t i = 0; i < objects_.size(); ++i) {
      if (objects_[i].node.oid != 0) by_node_.emplace(objects_[i].node, i);
    }
  }

  std::vector<SchemaObject> settled() {
    for (std::size_t i = 0; i < objects_.size(); ++i) visit(i);
    std::vector<SchemaObject> ordered;
    for (const std::size_t at : order_) ordered.push_back(std::move(objects_[at]));
    // A need across the stages must not draw an object out of its own.
    std::ranges::stable_sort(ordered, {}, [](const SchemaObject& object) { return object.statement.stage; });
    return ordered;
  }

 private:
  void visit(std::size_t at) {
    if (visited_[at]) return;
    visited_[at] = true;
    for (const ObjectNode node : objects_[at].after) visit(node);
    if (objects_[at].node.oid != 0) {
      for (const ObjectDependencies::Need& need : dependencies_.of(objects_[at].node)) {
        visit(dependencies_.extension_of(need.object).value_or(need.object));
      }
    }
    order_.push_back(at);
  }
  void visit(ObjectNode node) {
    const auto at = by_node_.find(node);
    if (at != by_node_.end()) visit(at->second);
  }

  std::vector<SchemaObject> objects_;
  const ObjectDependencies& dependencies_;
  std::vector<bool> visited_;
  std::map<ObjectNode, std::size_t> by_node_;
  std::vector<std::size_t> order_;
};

}  // namespace

std::vector<SchemaObject> in_order(std::vector<SchemaObject> objects, const ObjectDependencies& dependencies) {
  return Order(std::move(objects), dependencies).settled();
}

}  // namespace pgmirror::capture::postgres
