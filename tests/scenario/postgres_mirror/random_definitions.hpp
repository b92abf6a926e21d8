#pragma once

#include <cstdint>
#include <pqxx/pqxx>
#include <random>
#include <string>
#include <vector>

namespace pgmirror::tests {

/// Random work of an application that changes its tables' definitions as often as their rows: a handful of tables in
/// schema public, everything from the seed and from what the database's catalog says at that moment.
///
/// Keeps to what can be mirrored: rows of a table that has nothing to identify them by are only added.
class RandomDefinitions {
 public:
  explicit RandomDefinitions(std::uint64_t seed) : chance_(seed) {}

  /// What stands before the first transaction.
  static std::string schema();
  /// The next statement inside a transaction. May be refused by the server: the application's mistake.
  std::string statement(pqxx::transaction_base& now);
  /// One that the server takes outside of transactions only.
  std::string maintenance(pqxx::transaction_base& now);

  std::int64_t between(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(chance_);
  }
  bool one_in(std::int64_t count) { return between(1, count) == 1; }

 private:
  std::string definition(pqxx::transaction_base& now);
  std::string rows(pqxx::transaction_base& now);

  std::string create_table();
  std::string create_partitioned();
  std::string table_change(pqxx::transaction_base& now, const std::string& table);
  std::string column_change(pqxx::transaction_base& now, const std::string& table);
  std::string new_column();
  std::string retype(const std::string& table, const std::string& column);
  std::string swap_columns(pqxx::transaction_base& now, const std::string& table);
  std::string take_over_name(const std::string& table, const std::string& column);
  std::string key_change(pqxx::transaction_base& now, const std::string& table);
  std::string constraint_change(pqxx::transaction_base& now, const std::string& table);
  std::string identity_change(pqxx::transaction_base& now, const std::string& table);
  std::string type_change(pqxx::transaction_base& now);
  std::string partition_change(pqxx::transaction_base& now);
  std::string view_change(pqxx::transaction_base& now);

  std::string inserted(pqxx::transaction_base& now, const std::string& table);
  std::string value(const std::string& type);
  std::string any(pqxx::transaction_base& now, const std::string& list_sql);
  std::string table(pqxx::transaction_base& now);
  std::string column(pqxx::transaction_base& now, const std::string& table);
  const char* type();
  std::string fresh(const char* prefix) { return prefix + std::to_string(++names_); }
  const std::string& pick(const std::vector<std::string>& from) {
    return from[static_cast<std::size_t>(between(0, static_cast<std::int64_t>(from.size()) - 1))];
  }

  std::mt19937_64 chance_;
  int names_ = 0;
};

}  // namespace pgmirror::tests
