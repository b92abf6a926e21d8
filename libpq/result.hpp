#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <memory>
#include <string_view>

namespace pgmirror::libpq {

/// Rows and counts of one statement. Owns the PGresult; the views it gives die with it.
class Result {
 public:
  explicit Result(PGresult* result) : result_(result, &PQclear) {}

  int rows() const { return PQntuples(result_.get()); }
  int columns() const { return PQnfields(result_.get()); }
  std::string_view text(int row, int column) const {
    return {PQgetvalue(result_.get(), row, column), static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
  }
  bool is_null(int row, int column) const { return PQgetisnull(result_.get(), row, column) != 0; }
  /// A cell that the server prints as a whole number. Throws std::runtime_error for anything else, NULL included.
  std::int64_t integer(int row, int column) const;
  /// A boolean cell; NULL is false.
  bool boolean(int row, int column) const { return text(row, column) == "t"; }
  /// Rows that the statement says it touched, 0 for statements that do not say.
  std::uint64_t affected() const;

  PGresult* native() const { return result_.get(); }

 private:
  std::unique_ptr<PGresult, void (*)(PGresult*)> result_;
};

}  // namespace pgmirror::libpq
