#include "sinks/postgres/row_statements.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

#include "sinks/postgres/row_renderer.hpp"

namespace pgmirror::sinks::postgres {

namespace {

using Rows = RowRenderer::Rows;
using Kind = RowEffect::Kind;

/// The effects by what has to be done about them.
struct Work {
  explicit Work(const TableEffects& effects) {
    for (const RowEffect& row : effects.rows()) {
      if (row.kind == Kind::nothing) continue;
      if (row.kind == Kind::remove) {
        if (!row.left) removed.push_back(&row);
      } else if (row.from != nullptr) {
        if (row.kind == Kind::update && !row.left) removed.push_back(&row);
        moved.push_back(&row);
      } else if (row.kind == Kind::update && !row.left) {
        updated.push_back(&row);
      } else {
        inserted.push_back(&row);
      }
    }
  }

  Rows removed;   ///< whose key's row goes for good
  Rows moved;     ///< incomplete, from another key
  Rows updated;   ///< in place
  Rows inserted;  ///< under a key that is free by then
};

void add(Rows& rows, const Rows& more) { rows.insert(rows.end(), more.begin(), more.end()); }

std::vector<Statement> render_direct(RowRenderer& renderer, const Work& work) {
  std::vector<Statement> statements;
  if (!work.removed.empty()) statements.push_back(renderer.remove(work.removed, work.removed.size()));
  if (!work.moved.empty()) std::ranges::move(renderer.moves(work.moved), std::back_inserter(statements));
  std::ranges::move(renderer.updates(work.updated), std::back_inserter(statements));
  if (!work.inserted.empty()) statements.push_back(renderer.insert(work.inserted));
  return statements;
}

std::vector<Statement> render_replacing(RowRenderer& renderer, const Work& work) {
  Rows removed = work.removed;
  Rows incomplete = work.moved;
  Rows complete;
  for (const RowEffect* row : work.updated) (row->partial ? incomplete : complete).push_back(row);
  add(removed, complete);
  const std::uint64_t expected = removed.size();
  for (const Rows* rows : {&work.moved, &work.inserted}) {
    for (const RowEffect* row : *rows) {
      // Nothing should stand there.
      if (row->kind == Kind::insert) removed.push_back(row);
    }
  }
  add(complete, work.inserted);
  std::vector<Statement> statements;
  if (!removed.empty()) statements.push_back(renderer.remove(removed, expected));
  if (!incomplete.empty()) statements.push_back(renderer.exchange(incomplete));
  if (!complete.empty()) statements.push_back(renderer.insert(complete));
  return statements;
}

/// Takes out of `work` what goes by COPY. Rows that are put in another's place are deleted like those that go for good.
void leave_to_copy(Work& work, CopiedRows& copied) {
  const auto end = work.updated.end();
  const auto whole = std::stable_partition(work.updated.begin(), end, std::mem_fn(&RowEffect::partial));
  if (copied.least_updated && static_cast<std::size_t>(end - whole) >= *copied.least_updated) {
    work.removed.insert(work.removed.end(), whole, end);
    copied.rows.assign(whole, end);
    copied.just_deleted = copied.rows.size();
    work.updated.erase(whole, end);
  }
  if (work.inserted.size() < copied.least && copied.rows.empty()) return;
  add(copied.rows, work.inserted);
  work.inserted.clear();
}

Rows repeated(const Rows& rows) {
  Rows each;
  for (const RowEffect* row : rows) each.insert(each.end(), row->copies, row);
  return each;
}

/// A table without a key: its rows are counted.
std::vector<Statement> render_whole_rows(const TableEffects& effects, RowRenderer& renderer, CopiedRows* copied) {
  std::vector<Statement> statements;
  if (effects.table()->columns.empty()) {
    for (const RowEffect& row : effects.rows()) {
      if (row.kind == Kind::insert) statements.push_back(renderer.insert_empty(row.copies));
      if (row.kind == Kind::remove) statements.push_back(renderer.remove_empty(row.copies));
    }
    return statements;
  }
  Rows removed;
  Rows coming;
  for (const RowEffect& row : effects.rows()) {
    if (row.kind == Kind::remove) removed.push_back(&row);
    if (row.kind == Kind::insert) coming.push_back(&row);
  }
  if (copied != nullptr && coming.size() >= copied->least) copied->rows = std::exchange(coming, {});
  if (!removed.empty()) statements.push_back(renderer.remove_whole(removed));
  if (!coming.empty()) statements.push_back(renderer.insert(repeated(coming)));
  return statements;
}

}  // namespace

NullNotAllowed::NullNotAllowed(MirrorTablePtr refusing_table, std::size_t refusing_column)
    : std::runtime_error(fmt::format("{}: column {} does not allow NULL", refusing_table->quoted,
                                     refusing_table->columns[refusing_column].quoted)),
      table(std::move(refusing_table)),
      column(refusing_column) {}

std::uint64_t RowExpectation::drift(const libpq::Result& answer) const {
  if (!rows) return 0;
  const std::uint64_t touched = counts_in_result ? static_cast<std::uint64_t>(answer.integer(0, 0)) : answer.affected();
  return touched > *rows ? touched - *rows : *rows - touched;
}

std::vector<Statement> render(const TableEffects& effects, ApplyMode mode, bool clear_odd, OddValues& odd,
                              CopiedRows* copied) {
  RowRenderer renderer(effects, odd);
  if (effects.table()->key.empty()) return render_whole_rows(effects, renderer, copied);
  Work work(effects);
  if (copied != nullptr && mode == ApplyMode::direct) leave_to_copy(work, *copied);
  std::vector<Statement> statements;
  if (clear_odd && work.removed.size() + work.updated.size() > 0) {
    Rows touched = work.removed;
    add(touched, work.updated);
    statements.push_back(renderer.clear_odd(touched));
  }
  std::ranges::move(mode == ApplyMode::direct ? render_direct(renderer, work) : render_replacing(renderer, work),
                    std::back_inserter(statements));
  return statements;
}

Statement render_insert(const TableEffects& effects, const CopiedRows& copied, OddValues& odd) {
  return RowRenderer(effects, odd).insert(repeated(copied.rows));
}

}  // namespace pgmirror::sinks::postgres
