#include "tests/scenario/postgres_mirror/same_database.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <pqxx/pqxx>
#include <vector>

#include "tests/support/connection_text.hpp"

namespace pgmirror::tests {
namespace {

/// Rows that a failure names.
constexpr std::size_t most_shown = 3;

/// One side, read in one snapshot, with what decides how a value is printed set the same.
class Side {
 public:
  explicit Side(const config::ConnectionSettings& settings)
      : connection_(connection_string(settings)), transaction_(connection_) {
    transaction_.exec(
        "SET LOCAL DateStyle = ISO; SET LOCAL IntervalStyle = postgres; SET LOCAL TimeZone = 'UTC'; "
        "SET LOCAL extra_float_digits = 3; SET LOCAL bytea_output = hex; SET LOCAL search_path = ''; "
        "SET LOCAL lc_monetary = 'C'; SET LOCAL row_security = off");
  }

  /// `"schema"."table"` by `schema.table`; partitions belong to their root.
  std::map<std::string, std::string> tables(const std::string& schema) {
    std::map<std::string, std::string> found;
    for (const auto& row : transaction_.exec(fmt::format(
             "SELECT n.nspname || '.' || c.relname, format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class c "
             "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND "
             "NOT c.relispartition AND c.relpersistence = 'p' AND n.nspname NOT LIKE 'pg\\_%' AND "
             "n.nspname NOT IN ('information_schema', 'pgmirror') AND ({0} = '' OR n.nspname = {0})",
             transaction_.quote(schema)))) {
      found.emplace(row[0].as<std::string>(), row[1].as<std::string>());
    }
    return found;
  }

  /// Names and types.
  std::vector<std::string> columns(const std::string& table) {
    std::vector<std::string> found;
    for (const auto& row : transaction_.exec(fmt::format(
             "SELECT quote_ident(attname) || ' ' || format_type(atttypid, atttypmod) FROM pg_catalog.pg_attribute "
             "WHERE attrelid = {}::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attname",
             transaction_.quote(table)))) {
      found.push_back(row[0].as<std::string>());
    }
    return found;
  }

  /// Sorted; columns in the order of their names, so that their order in the table does not count.
  std::vector<std::string> rows(const std::string& table) {
    const auto list = transaction_.exec1(fmt::format(
        "SELECT coalesce(string_agg(quote_ident(attname), ', ' ORDER BY attname), '') FROM pg_catalog.pg_attribute "
        "WHERE attrelid = {}::regclass AND attnum > 0 AND NOT attisdropped",
        transaction_.quote(table)));
    std::vector<std::string> found;
    const bool inherits = transaction_
                              .exec1(fmt::format("SELECT relkind = 'r' FROM pg_catalog.pg_class WHERE oid = "
                                                 "{}::regclass",
                                                 transaction_.quote(table)))[0]
                              .as<bool>();
    for (const auto& row : transaction_.exec(fmt::format("SELECT ROW({})::text FROM {} {}", list[0].as<std::string>(),
                                                         inherits ? "ONLY" : "", table))) {
      found.push_back(row[0].as<std::string>());
    }
    std::ranges::sort(found);
    return found;
  }

 private:
  pqxx::connection connection_;
  pqxx::transaction<pqxx::isolation_level::repeatable_read> transaction_;
};

std::vector<std::string> missing_from(const std::vector<std::string>& some, const std::vector<std::string>& others) {
  std::vector<std::string> missing;
  std::ranges::set_difference(some, others, std::back_inserter(missing));
  if (missing.size() > most_shown) missing.resize(most_shown);
  return missing;
}

testing::AssertionResult compare(const config::ConnectionSettings& source, const config::ConnectionSettings& mirror,
                                 const std::string& schema, const std::set<std::string>& left_out) {
  Side here(source);
  Side there(mirror);
  const auto mirrored = there.tables(schema);
  for (const auto& [name, quoted] : here.tables(schema)) {
    if (left_out.contains(name)) {
      if (mirrored.contains(name)) return testing::AssertionFailure() << name << " should not be in the mirror";
      continue;
    }
    if (!mirrored.contains(name)) return testing::AssertionFailure() << name << " is not in the mirror";
    const auto columns = here.columns(quoted);
    const auto mirrored_columns = there.columns(quoted);
    if (columns != mirrored_columns) {
      return testing::AssertionFailure() << fmt::format("{} has columns ({}) in the source and ({}) in the mirror",
                                                        name, fmt::join(columns, ", "),
                                                        fmt::join(mirrored_columns, ", "));
    }
    const auto rows = here.rows(quoted);
    const auto mirrored_rows = there.rows(quoted);
    if (rows == mirrored_rows) continue;
    return testing::AssertionFailure() << fmt::format(
               "{}: {} rows in the source, {} in the mirror; only in the source: {}; only in the mirror: {}", name,
               rows.size(), mirrored_rows.size(), fmt::join(missing_from(rows, mirrored_rows), " | "),
               fmt::join(missing_from(mirrored_rows, rows), " | "));
  }
  return testing::AssertionSuccess();
}

}  // namespace

testing::AssertionResult same_database(const config::ConnectionSettings& source,
                                       const config::ConnectionSettings& mirror, const std::string& schema,
                                       const std::set<std::string>& left_out) {
  try {
    return compare(source, mirror, schema, left_out);
  } catch (const pqxx::undefined_table& gone) {
    // Names are looked up as they are now, whatever the snapshot.
    return testing::AssertionFailure() << "a table went while it was looked at: " << gone.what();
  } catch (const pqxx::unexpected_rows& newer) {
    return testing::AssertionFailure() << "a table was made after the snapshot: " << newer.what();
  }
}

testing::AssertionResult mirrored_database(const config::ConnectionSettings& source,
                                           const config::ConnectionSettings& mirror, const std::string& schema,
                                           const std::set<std::string>& left_out) {
  auto same = same_database(source, mirror, schema, left_out);
  if (!same) return same;
  pqxx::connection connection(connection_string(mirror));
  // No operator and no function: some databases have others of the same name.
  const pqxx::result checkpoints = pqxx::nontransaction(connection).exec("SELECT position FROM pgmirror.checkpoint");
  const auto is_moved = [](const pqxx::row& checkpoint) { return checkpoint[0].as<std::int64_t>() > 0; };
  if (std::all_of(checkpoints.begin(), checkpoints.end(), is_moved)) return same;
  return testing::AssertionFailure() << "the rows are there, but the first copy is not complete";
}

}  // namespace pgmirror::tests
