#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sinks/postgres/net_batch.hpp"
#include "sinks/postgres/odd_values.hpp"
#include "sinks/postgres/row_statements.hpp"

namespace pgmirror::sinks::postgres {

/// Writes single set-based statements for rows of one table, each with its parameters and what the server should say to
/// it. In which order they run, and which rows go into which, is render()'s (row_statements.hpp). What it is given
/// outlives it. One thread. Throws NullNotAllowed.
class RowRenderer {
 public:
  using Rows = std::vector<const RowEffect*>;
  using Columns = std::vector<std::size_t>;  ///< positions in MirrorTable::columns

  RowRenderer(const TableEffects& effects, OddValues& odd)
      : shared_(effects.table()), table_(*effects.table()), odd_(odd) {}

  Statement clear_odd(const Rows& rows) const;
  Statement remove(const Rows& rows, std::optional<std::uint64_t> expected);
  /// Of rows that nothing but their content names, as many as are to go.
  Statement remove_whole(const Rows& rows);
  Statement insert(const Rows& rows);
  /// Of a table without columns.
  Statement insert_empty(std::uint64_t copies) const;
  Statement remove_empty(std::uint64_t copies) const;
  /// In place.
  std::vector<Statement> updates(const Rows& rows);
  /// Rows that get another key.
  std::vector<Statement> moves(const Rows& rows);
  /// Takes incomplete rows out and puts them back changed, all of them out before the first comes back: keys and unique
  /// values may change hands in any way. What the source did not send comes from the row taken out.
  Statement exchange(const Rows& rows);

 private:
  using Texts = std::vector<std::string>;
  using CellsOf = const change::Value* (*)(const RowEffect&);
  struct Arrays {
    char prefix;
    Columns columns;
  };

  /// `columns`: those to set; the key's are not among them.
  Statement update(const Rows& rows, const Columns& columns);
  Statement update_unique(const Rows& rows, const Columns& columns, const Columns& unique);
  /// Keeps cells that only the mirror has. `columns` has the key's. Nobody may stand under the new keys.
  Statement move(const Rows& rows, const Columns& columns);

  Columns every_column() const;
  const char* overriding() const;
  std::pair<Texts, Texts> names_and_elements(const Columns& columns) const;
  Texts assignments(const Columns& columns) const;
  Columns unique_among(const Columns& columns) const;
  /// The rows grouped by the columns that the source sent: all of them unless it left some out.
  std::map<Columns, Rows> by_columns(const Rows& rows, bool with_key) const;
  Columns sent_columns(const RowEffect& row, bool with_key) const;
  change::Tuple tuple(const change::Value* cells_of_row) const;
  std::string element(char prefix, std::size_t column) const;
  /// `first`: how many parameters stand before.
  std::string unnest(const std::vector<Arrays>& arrays, int first = 0) const;
  std::string match_key(char prefix) const;
  void add_arrays(libpq::Parameters& parameters, const Rows& rows, const Columns& columns, CellsOf cells_of);
  std::string cells(const Rows& rows, std::size_t column, CellsOf cells_of);

  const MirrorTablePtr& shared_;
  const MirrorTable& table_;
  OddValues& odd_;
};

}  // namespace pgmirror::sinks::postgres
