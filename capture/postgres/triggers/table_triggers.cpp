#include "capture/postgres/triggers/table_triggers.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "capture/postgres/triggers/change_log.hpp"
#include "capture/postgres/triggers/record_text.hpp"
#include "libpq/database_transaction.hpp"
#include "libpq/identifier.hpp"

namespace pgmirror::capture::postgres::triggers {
namespace {

/// The other way round the application's own writers would wait behind us for transactions that stay open.
constexpr const char* short_wait = "SET LOCAL client_min_messages = warning; SET LOCAL lock_timeout = '3s'; ";

/// pg_trigger.tgtype: a row trigger after INSERT, UPDATE or DELETE, and a statement trigger after TRUNCATE.
constexpr int row_kind = 29;
constexpr int truncate_kind = 32;

std::vector<std::size_t> key_places(const CatalogTable& table, const FollowedTable& followed) {
  std::vector<std::size_t> places;
  for (const std::size_t key : followed.relation->key) {
    const auto at = std::ranges::find(table.columns, followed.column_numbers[key], &CatalogColumn::number);
    places.push_back(static_cast<std::size_t>(at - table.columns.begin()));
  }
  return places;
}

constexpr const char* row_trigger(bool partitioned) { return partitioned ? "pgmirror_partition_row" : "pgmirror_row"; }

/// As pg_trigger.tgargs has it: each argument with a zero byte behind it.
std::string arguments_in_hex(const std::string& argument) {
  std::string hex;
  if (argument.empty()) return hex;
  for (const char byte : argument) hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return hex + "00";
}

/// Of each table that keeps rows, what the one that it belongs to is to have.
std::map<ObjectId, const WantedTriggers*> by_leaf(const std::vector<WantedTriggers>& wanted,
                                                  const CatalogPicture& picture) {
  std::map<ObjectId, const WantedTriggers*> leaves;
  for (const WantedTriggers& triggers : wanted) {
    for (const CatalogLeaf& leaf : picture.table(triggers.table)->leaves) leaves[leaf.oid] = &triggers;
  }
  return leaves;
}

/// Of partitions, which have those of their root.
void drop_own_triggers(libpq::Connection& connection, const std::vector<ObjectId>& leaves) {
  const libpq::Result own = connection.execute(
      fmt::format("SELECT n.nspname, c.relname, t.tgname FROM pg_catalog.pg_trigger t"
                  " JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid"
                  " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                  " WHERE {} AND t.tgname IN ('pgmirror_row', 'pgmirror_truncate') AND c.oid IN ({})",
                  calls_log_function(), fmt::join(leaves, ", ")));
  for (int row = 0; row < own.rows(); ++row) {
    connection.execute(fmt::format("DROP TRIGGER IF EXISTS {} ON {}", libpq::quote_identifier(own.text(row, 2)),
                                   libpq::qualified(own.text(row, 0), own.text(row, 1))));
  }
}

}  // namespace

/// A table that becomes a partition gets the trigger of its new root, which must not have the name of its own: the
/// application's ATTACH would fail.
std::string WantedTriggers::sql() const {
  std::string sql = fmt::format(
      "DROP TRIGGER IF EXISTS {4} ON {0}; DROP TRIGGER IF EXISTS {3} ON {0}; CREATE TRIGGER {3} AFTER INSERT OR UPDATE"
      " OR DELETE ON {0} FOR EACH ROW EXECUTE FUNCTION {1}({2}); ALTER TABLE {0} ENABLE ALWAYS TRIGGER {3};",
      name, log_function, up_to_key.empty() ? "" : libpq::quote_literal(up_to_key), row_trigger(partitioned),
      row_trigger(!partitioned));
  if (partitioned) return sql;
  return sql + fmt::format(
                   " DROP TRIGGER IF EXISTS pgmirror_truncate ON {0}; CREATE TRIGGER pgmirror_truncate AFTER TRUNCATE"
                   " ON {0} FOR EACH STATEMENT EXECUTE FUNCTION {1}();"
                   " ALTER TABLE {0} ENABLE ALWAYS TRIGGER pgmirror_truncate;",
                   name, log_function);
}

WantedTriggers wanted_triggers(const FollowedTable& followed, const CatalogTable& table) {
  WantedTriggers wanted{.table = table.oid,
                        .name = libpq::qualified(table.schema, table.name),
                        .partitioned = table.partitioned,
                        .up_to_key = {},
                        .leaves = {}};
  for (const CatalogLeaf& leaf : table.leaves) wanted.leaves.push_back(leaf.oid);
  // Partitions may have their columns in another order.
  const bool by_key = followed.relation->identity == change::ReplicaIdentity::key;
  if (by_key && !table.partitioned) wanted.up_to_key = row_up_to_key(key_places(table, followed));
  return wanted;
}

std::map<ObjectId, TriggerState> read_triggers(libpq::Connection& connection, const std::vector<WantedTriggers>& wanted,
                                               const CatalogPicture& picture) {
  const libpq::Result result = connection.execute(fmt::format(
      "SELECT t.tgrelid, t.tgtype, t.oid, t.xmin, pg_catalog.encode(t.tgargs, 'hex'),"
      " EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = t.tgrelid AND i.xmin = t.xmin), t.tgname"
      " FROM pg_catalog.pg_trigger t"
      " WHERE {} AND t.tgenabled = 'A' AND t.tgqual IS NULL AND t.tgattr = '' ORDER BY t.tgrelid, t.tgtype",
      calls_log_function()));
  const std::map<ObjectId, const WantedTriggers*> leaves = by_leaf(wanted, picture);
  std::map<ObjectId, TriggerState> states;
  std::map<ObjectId, int> firing;
  // Of a table that was one by itself before it became a partition: it would write the log twice.
  std::set<ObjectId> strays;
  for (int row = 0; row < result.rows(); ++row) {
    const auto relation = static_cast<ObjectId>(result.integer(row, 0));
    const auto leaf = leaves.find(relation);
    if (leaf == leaves.end()) continue;
    const int kind = static_cast<int>(result.integer(row, 1));
    const WantedTriggers& triggers = *leaf->second;
    const bool as_wanted = kind == row_kind ? result.text(row, 4) == arguments_in_hex(triggers.up_to_key) &&
                                                  result.text(row, 6) == row_trigger(triggers.partitioned)
                                            : kind == truncate_kind && !triggers.partitioned;
    if (!as_wanted) {
      strays.insert(relation);
      continue;
    }
    TriggerState& state = states[relation];
    state.generation += fmt::format("{}:{};", result.text(row, 2), result.text(row, 3));
    if (kind == row_kind && result.boolean(row, 5)) state.since_birth = result.text(row, 3);
    firing[relation] += kind;
  }
  std::erase_if(states, [&](const auto& entry) {
    const bool partition = leaves.at(entry.first)->partitioned;
    if (strays.contains(entry.first)) return true;
    return firing[entry.first] != (partition ? row_kind : row_kind + truncate_kind);
  });
  return states;
}

void install(libpq::Connection& connection, const WantedTriggers& triggers) {
  libpq::DatabaseTransaction transaction(connection);
  connection.execute(short_wait + triggers.sql());
  // The name may be another table's by now.
  const libpq::Result same = connection.execute(
      fmt::format("SELECT pg_catalog.to_regclass({})::oid = {}", libpq::quote_literal(triggers.name), triggers.table));
  if (!same.boolean(0, 0)) return;
  if (triggers.partitioned && !triggers.leaves.empty()) drop_own_triggers(connection, triggers.leaves);
  transaction.commit();
}

void drop_triggers(libpq::Connection& connection) {
  // Those of partitions go with the one that they came from.
  const libpq::Result result =
      connection.execute(fmt::format("SELECT DISTINCT n.nspname, c.relname, t.tgname FROM pg_catalog.pg_trigger t"
                                     " JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid"
                                     " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                                     " WHERE {} AND NOT c.relispartition ORDER BY 1, 2, 3",
                                     calls_log_function()));
  for (int row = 0; row < result.rows(); ++row) {
    libpq::DatabaseTransaction transaction(connection);
    connection.execute(short_wait + fmt::format("DROP TRIGGER IF EXISTS {} ON {}",
                                                libpq::quote_identifier(result.text(row, 2)),
                                                libpq::qualified(result.text(row, 0), result.text(row, 1))));
    transaction.commit();
  }
}

}  // namespace pgmirror::capture::postgres::triggers
