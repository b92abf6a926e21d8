#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libpq/connection.hpp"

namespace pgmirror::libpq {

/// Rows of one table as a server hashes them: each is printed by its types' output functions, as under pinned settings
/// two servers print equal values alike, and the print goes through hashtextextended(). That function gives the same on
/// every version since 11; servers of another byte order come to other numbers, which only makes rows look different.
struct HashedRows {
  std::string from;                  ///< what stands behind FROM
  std::vector<std::string> columns;  ///< quoted
  std::vector<std::string> key;      ///< quoted; empty: all of the columns
  std::size_t buckets = 1;           ///< a power of two, at most 65536
  std::string where{};               ///< empty: all rows
};

/// Whether the server hashes what another one with UTF-8 would: text goes through the function in the database's own
/// encoding.
bool hashes_utf8(const Connection& connection);

/// A row for each bucket that has any: its number, its rows, the sum of their hashes and the sum of the hashes of
/// those, both as wrapped_sum() reads them.
std::string bucket_sums_sql(const HashedRows& rows);

/// The same by some other expression over the table's columns; HashedRows::buckets does not count.
std::string group_sums_sql(const HashedRows& rows, std::string_view expression);

/// A row for each row of the wanted buckets: two hashes of its key, one of it all (bigint), then `select`, which begins
/// with a comma where it is not empty.
std::string row_hashes_sql(const HashedRows& rows, const std::vector<bool>& wanted, std::string_view select);

/// A sum of 64-bit numbers as it wraps around. Throws std::runtime_error for what is no number.
std::uint64_t wrapped_sum(std::string_view text);

}  // namespace pgmirror::libpq
