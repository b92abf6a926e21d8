#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "libpq/parameters.hpp"
#include "libpq/result.hpp"
#include "sinks/postgres/mirror_table.hpp"
#include "sinks/postgres/net_batch.hpp"
#include "sinks/postgres/odd_values.hpp"

namespace pgmirror::sinks::postgres {

/// A column of the mirror, outside its key, is NOT NULL and a row needs NULL there. In the key the server refuses it.
class NullNotAllowed : public std::runtime_error {
 public:
  NullNotAllowed(MirrorTablePtr refusing_table, std::size_t refusing_column);
  MirrorTablePtr table;
  std::size_t column;
};

/// How many rows a statement must touch: a difference means that the mirror is not what we left.
struct RowExpectation {
  std::optional<std::uint64_t> rows{};  ///< none: any number
  bool counts_in_result = false;        ///< the statement's only result says how many; else its command tag does

  /// Rows too many or too few, going by the server's answer.
  std::uint64_t drift(const libpq::Result& answer) const;
};

/// One statement of a batch and what the server should say to it.
struct Statement {
  std::string sql;
  libpq::Parameters parameters;
  RowExpectation expectation{};
};

/// How updates and inserts are sent.
enum class ApplyMode : std::uint8_t {
  /// Deletes, then updates in place, then inserts: the cheapest. Rows whose update changes a column under a unique
  /// index
  /// are deleted and inserted again by the same statement, so that they may swap values.
  direct,
  /// Everything touched is deleted first and then inserted: no order of rows can make a unique index refuse what the
  /// source accepted, and a row that stands where it should not is overwritten (and counted).
  replace,
};

/// Rows that the caller sends by COPY: behind the statements, or before them where the table's rows stand alone.
struct CopiedRows {
  std::size_t least = 0;                       ///< fewer new rows are inserted by a statement
  std::optional<std::size_t> least_updated{};  ///< so many whole changed rows are deleted and copied; none: never
  std::vector<const RowEffect*> rows{};        ///< a row of which several copies come stands there once
  std::size_t just_deleted = 0;                ///< of them: changed ones
};

/// Renders the effects on one table as set-based statements, in the order in which they must run.
///
/// Each takes whole columns as binary arrays, so a statement's text depends on the table only. Values that do not fit
/// are added to `odd`; the odd values that touched rows had before are removed first where `clear_odd` is set. With
/// `copied` many new rows are left to a COPY, which sees to their odd values. Throws NullNotAllowed.
std::vector<Statement> render(const TableEffects& effects, ApplyMode mode, bool clear_odd, OddValues& odd,
                              CopiedRows* copied = nullptr);
/// For rows that were left to a COPY and cannot go by one. Throws NullNotAllowed.
Statement render_insert(const TableEffects& effects, const CopiedRows& copied, OddValues& odd);

}  // namespace pgmirror::sinks::postgres
