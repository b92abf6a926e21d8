#pragma once

#include <map>
#include <set>
#include <string>

#include "capture/sqlite/page_image.hpp"
#include "tests/oracle/application.hpp"
#include "tests/oracle/oracle_run.hpp"

namespace pgmirror::tests {

/// Which page belongs to which table, as SQLite's own dbstat table says: tells what a commit did to the trees.
class PageCensus {
 public:
  explicit PageCensus(Application& application);
  /// Takes the census again and counts what became of the trees since the last time.
  void count(const std::set<capture::sqlite::PageNumber>& changed, Coverage& coverage);

 private:
  struct Page {
    std::string table;
    std::string kind;  ///< leaf, internal, overflow
    std::string path;  ///< of an overflow page: begins with that of the page with the row
  };
  struct Census {
    std::map<capture::sqlite::PageNumber, Page> pages;
    std::map<std::string, capture::sqlite::PageNumber> roots;
    std::set<std::string> without_rowid;
  };

  Census take();

  Application* application_;
  Census last_;
};

}  // namespace pgmirror::tests
