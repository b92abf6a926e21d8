#include "libpq/row_hash_sql.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <stdexcept>

namespace pgmirror::libpq {
namespace {

/// Of two prints of the key, so that two of a million keys hardly ever meet.
enum Seed : int { key_low, key_high, whole_row };

std::string hash_of(const std::vector<std::string>& columns, Seed seed) {
  return fmt::format(
      "pg_catalog.hashtextextended((ROW({})::pg_catalog.text) COLLATE pg_catalog.\"C\", {}::pg_catalog.int8)",
      fmt::join(columns, ", "), static_cast<int>(seed));
}

const std::vector<std::string>& key_of(const HashedRows& rows) { return rows.key.empty() ? rows.columns : rows.key; }

std::string bucket_of(const HashedRows& rows) {
  return fmt::format("({} OPERATOR(pg_catalog.&) {}::pg_catalog.int8)::pg_catalog.int4", hash_of(key_of(rows), key_low),
                     rows.buckets - 1);
}

std::string only(const std::string& where) { return where.empty() ? where : " WHERE " + where; }

/// As get_bit() counts them: the first is the lowest of the first byte.
std::string bitmap(const std::vector<bool>& wanted) {
  std::string hex;
  for (std::size_t first = 0; first < wanted.size(); first += 8) {
    unsigned byte = 0;
    for (std::size_t bit = 0; bit < 8 && first + bit < wanted.size(); ++bit)
      byte |= wanted[first + bit] ? 1U << bit : 0;
    hex += fmt::format("{:02x}", byte);
  }
  return "pg_catalog.decode('" + hex + "', 'hex')";
}

}  // namespace

bool hashes_utf8(const Connection& connection) {
  const char* const encoding = PQparameterStatus(connection.native(), "server_encoding");
  return encoding != nullptr && std::string_view(encoding) == "UTF8";
}

std::string bucket_sums_sql(const HashedRows& rows) {
  return group_sums_sql(rows, rows.buckets == 1 ? "0" : bucket_of(rows));
}

std::string group_sums_sql(const HashedRows& rows, std::string_view expression) {
  // OFFSET keeps the hash from being computed for each sum.
  return fmt::format(
      "SELECT b, pg_catalog.count(*), pg_catalog.sum(h),"
      " pg_catalog.sum(pg_catalog.hashint8extended(h, 1::pg_catalog.int8))"
      " FROM (SELECT {} AS b, {} AS h FROM {}{} OFFSET 0) AS hashed GROUP BY b",
      expression, hash_of(rows.columns, whole_row), rows.from, only(rows.where));
}

std::string row_hashes_sql(const HashedRows& rows, const std::vector<bool>& wanted, std::string_view select) {
  std::string where = rows.where;
  if (rows.buckets > 1) {
    if (!where.empty()) where += " AND ";
    where += fmt::format("pg_catalog.get_bit({}, {}) OPERATOR(pg_catalog.=) 1", bitmap(wanted), bucket_of(rows));
  }
  return fmt::format("SELECT {}, {}, {}{} FROM {}{}", hash_of(key_of(rows), key_low), hash_of(key_of(rows), key_high),
                     hash_of(rows.columns, whole_row), select, rows.from, only(where));
}

std::uint64_t wrapped_sum(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  std::uint64_t sum = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') throw std::runtime_error("a server answered with a sum that is no number");
    sum = sum * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  return negative ? 0 - sum : sum;
}

}  // namespace pgmirror::libpq
