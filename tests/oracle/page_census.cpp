#include "tests/oracle/page_census.hpp"

#include <sqlite3.h>

#include <utility>

namespace pgmirror::tests {
namespace {

std::string text(sqlite3_stmt* row, int column) {
  const auto* const bytes = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
  return bytes == nullptr ? "" : bytes;
}

}  // namespace

PageCensus::PageCensus(Application& application) : application_(&application), last_(take()) {}

PageCensus::Census PageCensus::take() {
  Census census;
  application_->each(
      "SELECT name, rootpage FROM sqlite_schema WHERE type='table' AND rootpage>0", {},
      [&](sqlite3_stmt* row) { census.roots[text(row, 0)] = static_cast<unsigned>(sqlite3_column_int64(row, 1)); });
  for (const std::string& name : application_->texts("SELECT name FROM pragma_table_list WHERE wr")) {
    census.without_rowid.insert(name);
  }
  application_->each("SELECT pageno, name, pagetype, path FROM dbstat", {}, [&](sqlite3_stmt* row) {
    Page page{text(row, 1), text(row, 2), text(row, 3)};
    if (!census.roots.contains(page.table)) return;
    census.pages[static_cast<unsigned>(sqlite3_column_int64(row, 0))] = std::move(page);
  });
  return census;
}

void PageCensus::count(const std::set<capture::sqlite::PageNumber>& changed, Coverage& coverage) {
  Census now = take();
  std::map<std::string, capture::sqlite::PageNumber> by_path;
  for (const auto& [number, page] : now.pages) {
    if (page.kind != "overflow") by_path[page.table + page.path] = number;
  }
  for (const auto& [number, page] : now.pages) {
    const auto before = last_.pages.find(number);
    const bool was_there = before != last_.pages.end() && before->second.table == page.table;
    if (page.kind == "overflow") {
      // A path of an overflow page is that of its row's page, the cell and the place in the chain: /01c/05f+000002
      const std::string owner = page.table + page.path.substr(0, page.path.find_last_of('/') + 1);
      const auto found = by_path.find(owner);
      if (was_there && changed.contains(number) && found != by_path.end() && !changed.contains(found->second)) {
        ++coverage.overflow_only;
      }
      continue;
    }
    if (!was_there) ++coverage.added_pages;
    if (was_there && page.kind == "internal" && changed.contains(number)) {
      ++(now.without_rowid.contains(page.table) ? coverage.interior_rows : coverage.interior_pages);
    }
  }
  for (const auto& [number, page] : last_.pages) {
    const auto after = now.pages.find(number);
    if (page.kind == "overflow" || !now.roots.contains(page.table)) continue;
    if (after != now.pages.end() && after->second.table == page.table) continue;
    ++coverage.dropped_pages;
    if (!changed.contains(number)) ++coverage.dropped_unwritten;
  }
  for (const auto& [name, root] : now.roots) {
    const auto before = last_.roots.find(name);
    if (before != last_.roots.end() && before->second != root) ++coverage.root_moves;
  }
  last_ = std::move(now);
}

}  // namespace pgmirror::tests
