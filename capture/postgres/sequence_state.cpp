#include "capture/postgres/sequence_state.hpp"

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "libpq/database_error.hpp"

namespace pgmirror::capture::postgres {
namespace {

ObjectId object_id(const libpq::Result& result, int row, int column) {
  return static_cast<ObjectId>(result.integer(row, column));
}

/// Sequences that the defaults of mirrored columns name.
std::set<ObjectId> used_by_defaults(libpq::Connection& connection, const RelationCatalog& catalog) {
  const libpq::Result result = connection.execute(
      "SELECT d.refobjid, a.adrelid, a.adnum FROM pg_catalog.pg_depend d"
      " JOIN pg_catalog.pg_attrdef a ON a.oid = d.objid JOIN pg_catalog.pg_class c ON c.oid = d.refobjid"
      " WHERE d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass"
      " AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.relkind = 'S'");
  std::set<ObjectId> used;
  for (int row = 0; row < result.rows(); ++row) {
    if (catalog.mirrors(object_id(result, row, 1), static_cast<int>(result.integer(row, 2)))) {
      used.insert(object_id(result, row, 0));
    }
  }
  return used;
}

SequenceState state_of(const libpq::Result& result, int row) {
  SequenceState state;
  state.oid = object_id(result, row, 0);
  state.schema = result.text(row, 1);
  state.name = result.text(row, 2);
  state.type_name = result.text(row, 3);
  state.start = result.integer(row, 4);
  state.increment = result.integer(row, 5);
  state.minimum = result.integer(row, 6);
  state.maximum = result.integer(row, 7);
  state.cache = result.integer(row, 8);
  state.cycles = result.boolean(row, 9);
  return state;
}

/// To the server a sequence that goes while it is read is an internal error; the next statement does not see it.
libpq::Result last_values(libpq::Connection& connection, std::chrono::milliseconds patience) {
  constexpr const char* internal_error = "XX000";
  constexpr int most_attempts = 20;
  for (int attempt = 1;; ++attempt) {
    try {
      std::optional<libpq::Result> values;
      read_with_brief_locks(connection, patience, [&] {
        values = connection.execute(
            "SELECT s.seqrelid, pg_catalog.pg_sequence_last_value(s.seqrelid) FROM pg_catalog.pg_sequence s"
            " JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relpersistence <> 't' AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')"
            " AND CASE WHEN c.relkind = 'S' THEN pg_catalog.has_sequence_privilege(c.oid, 'SELECT, USAGE') END");
      });
      return std::move(*values);
    } catch (const libpq::DatabaseError& error) {
      if (error.sqlstate() != internal_error || connection.in_transaction() || attempt == most_attempts) throw;
    }
  }
}

}  // namespace

std::vector<SequenceState> read_sequences(libpq::Connection& connection, const RelationCatalog& catalog) {
  const libpq::Result result = connection.execute(
      "SELECT s.seqrelid, n.nspname, c.relname, pg_catalog.format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement,"
      " s.seqmin, s.seqmax, s.seqcache, s.seqcycle, o.refobjid, o.refobjsubid, o.deptype = 'i'"
      " FROM pg_catalog.pg_sequence s JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid"
      " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
      " LEFT JOIN pg_catalog.pg_depend o ON o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND o.objid = c.oid"
      "  AND o.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND o.deptype IN ('a', 'i')"
      " WHERE c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pgmirror')"
      " AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass"
      "                 AND e.objid = c.oid AND e.deptype = 'e') ORDER BY c.oid");
  const std::set<ObjectId> used = used_by_defaults(connection, catalog);
  std::vector<SequenceState> sequences;
  for (int row = 0; row < result.rows(); ++row) {
    SequenceState state = state_of(result, row);
    const bool owned = !result.is_null(row, 10);
    if (owned && catalog.mirrors(object_id(result, row, 10), static_cast<int>(result.integer(row, 11)))) {
      state.owner = object_id(result, row, 10);
      state.owner_column = static_cast<int>(result.integer(row, 11));
      state.identity = result.boolean(row, 12);
      const CatalogTable& owner = *catalog.picture().table(state.owner);
      state.owner_name = owner.name;
      state.owner_column_name = owner.column(state.owner_column)->name;
    } else if (!used.contains(state.oid) && (owned || !catalog.rules().includes_table(state.schema, state.name))) {
      continue;
    }
    sequences.push_back(std::move(state));
  }
  return sequences;
}

void read_last_values(libpq::Connection& connection, std::vector<SequenceState>& sequences,
                      std::chrono::milliseconds patience) {
  std::map<ObjectId, std::int64_t> values;
  const libpq::Result result = last_values(connection, patience);
  for (int row = 0; row < result.rows(); ++row) {
    if (!result.is_null(row, 1)) values[object_id(result, row, 0)] = result.integer(row, 1);
  }
  for (SequenceState& sequence : sequences) {
    const auto at = values.find(sequence.oid);
    sequence.last_value = at == values.end() ? std::nullopt : std::optional(at->second);
  }
}

}  // namespace pgmirror::capture::postgres
