#include "capture/sqlite/schema_plan.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace pgmirror::capture::sqlite {
namespace {

bool keeps_columns(const TableLayout& before, const TableLayout& after) {
  if (before.relation->columns.size() != after.relation->columns.size()) return false;
  const LayoutChange change = compare_layouts(before, after);
  return change.same_key && change.renamed_columns.empty() &&
         std::ranges::all_of(change.origins,
                             [](const std::optional<std::size_t>& origin) { return origin.has_value(); });
}

TablePlan plan_table(const TableLayoutPtr& before, const TableLayoutPtr& after) {
  TablePlan plan{before, after};
  if (before && after) plan.change = compare_layouts(*before, *after);
  return plan;
}

}  // namespace

std::vector<TablePlan> plan_schema(const std::vector<TableLayoutPtr>& before,
                                   const std::vector<TableLayoutPtr>& after) {
  std::map<std::string, TableLayoutPtr> by_name;
  std::set<std::string> names_before;
  for (const TableLayoutPtr& layout : after) by_name.emplace(layout->relation->name, layout);
  for (const TableLayoutPtr& layout : before) names_before.insert(layout->relation->name);
  std::vector<TableLayoutPtr> born;
  for (const TableLayoutPtr& layout : after) {
    if (!names_before.contains(layout->relation->name)) born.push_back(layout);
  }
  std::vector<TablePlan> gone;
  std::vector<TablePlan> plans;
  for (const TableLayoutPtr& layout : before) {
    if (const auto same = by_name.find(layout->relation->name); same != by_name.end()) {
      plans.push_back(plan_table(layout, same->second));
      continue;
    }
    const auto renamed = std::ranges::find_if(born, [&](const TableLayoutPtr& candidate) {
      return candidate->root == layout->root && keeps_columns(*layout, *candidate);
    });
    if (renamed == born.end()) {
      gone.push_back(plan_table(layout, nullptr));
      continue;
    }
    plans.push_back(plan_table(layout, *renamed));
    born.erase(renamed);
  }
  plans.insert(plans.begin(), gone.begin(), gone.end());
  for (const TableLayoutPtr& layout : born) plans.push_back(plan_table(nullptr, layout));
  return plans;
}

std::uint64_t emit_schema_changes(const std::vector<TablePlan>& plans, change::TransactionWriter& out) {
  std::uint64_t emitted = 0;
  for (const TablePlan& plan : plans) {
    if (plan.starts_anew()) {
      out.truncate({{plan.before->relation}});
      ++emitted;
    }
    if (plan.before && plan.after && *plan.before->relation == *plan.after->relation) continue;
    change::SchemaChange change;
    if (plan.before) change.before = plan.before->relation;
    if (plan.after) change.after = plan.after->relation;
    change.renamed_columns = plan.change.renamed_columns;
    out.schema(change);
    ++emitted;
  }
  return emitted;
}

}  // namespace pgmirror::capture::sqlite
