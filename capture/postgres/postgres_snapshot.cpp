#include "capture/postgres/postgres_snapshot.hpp"

#include <fmt/format.h>

#include <optional>

#include <stdexcept>
#include <utility>

#include "capture/postgres/copy_text.hpp"
#include "capture/postgres/savepoint.hpp"
#include "capture/postgres/sequence_watch.hpp"
#include "capture/postgres/server_versions.hpp"
#include "capture/postgres/source_session.hpp"
#include "capture/postgres/table_parts.hpp"
#include "capture/postgres/table_read.hpp"
#include "libpq/copy_stream.hpp"
#include "libpq/identifier.hpp"
#include "libpq/row_hash_sql.hpp"

namespace pgmirror::capture::postgres {
namespace {

constexpr std::size_t copy_piece_bytes = std::size_t{256} << 10U;

libpq::Connection import_snapshot(const config::ConnectionSettings& settings, const std::string& exported) {
  libpq::Connection connection = open_source_session(settings, "pgmirror snapshot");
  connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  connection.execute("SET TRANSACTION SNAPSHOT " + libpq::quote_literal(exported));
  return connection;
}

}  // namespace

/// What the snapshot and those that share it have in common.
class PostgresSnapshot::Session {
 public:
  Session(const config::ConnectionSettings& settings, const config::TableRules& rules, const ScriptOptions& options,
          const std::string& exported, change::Position position, config::CaptureMethod method)
      : settings_(settings),
        options_(options),
        position_(position),
        connection_(import_snapshot(settings, exported)),
        catalog_(rules, method) {
    read_catalog();
    for (const FollowedTable& table : catalog_.followed()) {
      if (table.following != Following::none) relations_.push_back(table.relation);
    }
  }
  Session(const Session& other, const std::string& exported)
      : settings_(other.settings_),
        options_(other.options_),
        position_(other.position_),
        connection_(import_snapshot(other.settings_, exported)),
        catalog_(other.catalog_),
        relations_(other.relations_) {}

  change::Position position() const { return position_; }
  const std::vector<change::RelationPtr>& relations() const { return relations_; }
  const ScriptOptions& options() const { return options_; }
  const RelationCatalog& catalog() const { return catalog_; }
  libpq::Connection& connection() { return connection_; }

  const CatalogTable& table(const change::Relation& relation) const {
    for (const CatalogTable& table : catalog_.picture().tables) {
      if (table.schema == relation.schema && table.name == relation.name) return table;
    }
    throw std::logic_error("relation " + relation.qualified_name() + " is not of this snapshot");
  }

  void copy(const change::Relation& relation, const LeafRange& range, change::CopyForm form,
            const std::function<bool(std::string_view)>& consume) {
    each_leaf(relation, range, [&](TableRead& table) { return table.copy(range.where_sql, form, consume); });
  }

  /// Calls `visit` for each leaf that `range` is about, while it is open to be read, until it returns false.
  void each_leaf(const change::Relation& relation, const LeafRange& range,
                 const std::function<bool(TableRead&)>& visit) {
    if (range.leaf) {
      TableRead table(connection_, *range.leaf, relation);
      visit(table);
      return;
    }
    for (const CatalogLeaf& leaf : table(relation).leaves) {
      TableRead table(connection_, leaf.oid, relation);
      if (!visit(table)) return;
    }
  }

  /// Read once: the deparsers look at the catalog of now, and so the earlier the better.
  const std::vector<change::SchemaStatement>& definition() {
    constexpr const char* internal_error = "XX000";
    if (definition_) return *definition_;
    try {
      read_with_brief_locks(connection_, as_long_as_it_takes,
                            [this] { definition_ = schema_script(connection_, catalog_, options_); });
    } catch (const libpq::DatabaseError& error) {
      if (error.sqlstate() != internal_error) throw;
      // Somebody has just dropped what the snapshot still shows.
      throw libpq::DatabaseError(fmt::format("a definition changed while it was read: {}", error.what()), "40001",
                                 error.connection_lost());
    }
    return *definition_;
  }

  std::vector<change::SequenceValue> sequences() {
    std::vector<SequenceState> states;
    {
      const Savepoint reading(connection_);
      states = read_sequences(connection_, catalog_);
    }
    libpq::Connection moment = open_source_session(settings_, "pgmirror sequences");
    read_last_values(moment, states);
    std::vector<change::SequenceValue> values;
    for (const SequenceState& state : states) {
      if (state.last_value) values.push_back(ahead_of(state, sequence_margin));
    }
    return values;
  }

  std::string export_again() {
    return std::string(connection_.execute("SELECT pg_catalog.pg_export_snapshot()").text(0, 0));
  }

 private:
  /// The deparsers lock what they print.
  void read_catalog() {
    const Savepoint reading(connection_);
    catalog_.refresh(connection_);
  }

  config::ConnectionSettings settings_;
  ScriptOptions options_;
  change::Position position_;
  libpq::Connection connection_;
  RelationCatalog catalog_;
  std::vector<change::RelationPtr> relations_;
  std::optional<std::vector<change::SchemaStatement>> definition_;
};

PostgresSnapshot::PostgresSnapshot(const config::ConnectionSettings& settings, const config::TableRules& rules,
                                   const ScriptOptions& options, const std::string& exported, change::Position position,
                                   config::CaptureMethod method)
    : session_(std::make_unique<Session>(settings, rules, options, exported, position, method)) {}

PostgresSnapshot::PostgresSnapshot(std::unique_ptr<Session> session) : session_(std::move(session)) {}

PostgresSnapshot::~PostgresSnapshot() = default;

change::Position PostgresSnapshot::position() const { return session_->position(); }

const std::vector<change::RelationPtr>& PostgresSnapshot::relations() const { return session_->relations(); }

std::shared_ptr<SnapshotDefinitions> PostgresSnapshot::definitions_to_tell() {
  told_ = std::make_shared<SnapshotDefinitions>(session_->position(), session_->catalog().followed());
  return told_;
}

std::set<std::string> PostgresSnapshot::untold() const { return told_ ? told_->untold() : std::set<std::string>{}; }

void PostgresSnapshot::read(const change::Relation& relation, const std::function<bool(change::Tuple)>& consume) {
  CopyTextLine line;
  session_->copy(relation, {}, change::CopyForm::text,
                 [&](std::string_view row) { return consume(line.parse(row, relation.columns.size())); });
}

change::TableProfile PostgresSnapshot::profile(const change::Relation& relation) {
  throw std::logic_error("columns of " + relation.qualified_name() + " are native and have no storage classes");
}

std::vector<change::SchemaStatement> PostgresSnapshot::definition() { return session_->definition(); }

std::vector<change::SequenceValue> PostgresSnapshot::sequences() { return session_->sequences(); }

std::vector<change::TablePart> PostgresSnapshot::parts(const change::Relation& relation) {
  const CatalogTable& table = session_->table(relation);
  libpq::Connection& connection = session_->connection();
  const Savepoint reading(connection);
  std::vector<LeafSize> sizes;
  std::uint64_t block_bytes = 8192;
  for (const CatalogLeaf& leaf : table.leaves) {
    // The estimate of rows is as old as the last ANALYZE; the size is of this moment. A table that is gone has none.
    const libpq::Result result = connection.execute(
        fmt::format("SELECT coalesce(pg_catalog.pg_relation_size(oid), 0), greatest(reltuples, 0)::bigint,"
                    " pg_catalog.current_setting('block_size') FROM pg_catalog.pg_class WHERE oid = {}",
                    leaf.oid));
    block_bytes = static_cast<std::uint64_t>(result.integer(0, 2));
    sizes.push_back({.oid = leaf.oid,
                     .blocks = static_cast<std::uint64_t>(result.integer(0, 0)) / block_bytes,
                     .rows = static_cast<std::uint64_t>(result.integer(0, 1))});
  }
  return table_parts(sizes, table.partitioned, connection.server_version() >= since::block_ranges, block_bytes);
}

void PostgresSnapshot::copy_rows(const change::Relation& relation, const change::TablePart& part, change::CopyForm form,
                                 const std::function<bool(std::string_view, std::uint64_t)>& consume) {
  std::string piece;
  std::uint64_t rows = 0;
  bool wanted = true;
  session_->copy(relation, leaf_range(part), form, [&](std::string_view row) {
    piece += row;
    ++rows;
    if (piece.size() < copy_piece_bytes) return true;
    wanted = consume(piece, std::exchange(rows, 0));
    piece.clear();
    return wanted;
  });
  if (wanted && rows > 0) consume(piece, rows);
}

bool PostgresSnapshot::gives_row_hashes() const { return libpq::hashes_utf8(session_->connection()); }

std::vector<change::BucketSum> PostgresSnapshot::bucket_sums(const change::Relation& relation,
                                                             const change::TablePart& part,
                                                             const change::RowHashing& hashing) {
  std::vector<change::BucketSum> sums(hashing.buckets);
  const LeafRange range = leaf_range(part);
  session_->each_leaf(relation, range, [&](const TableRead& table) {
    const libpq::Result found =
        session_->connection().execute(libpq::bucket_sums_sql(table.hashed(hashing, range.where_sql)));
    for (int row = 0; row < found.rows(); ++row) {
      sums[static_cast<std::size_t>(found.integer(row, 0))] += {.rows = libpq::wrapped_sum(found.text(row, 1)),
                                                                .sum = libpq::wrapped_sum(found.text(row, 2)),
                                                                .mixed_sum = libpq::wrapped_sum(found.text(row, 3))};
    }
    return true;
  });
  return sums;
}

void PostgresSnapshot::read_buckets(const change::Relation& relation, const change::RowHashing& hashing,
                                    const std::vector<bool>& buckets, bool cells,
                                    const std::function<bool(const change::RowHashes&, change::Tuple)>& consume) {
  constexpr std::size_t hashes = 3;
  std::string select;
  for (const change::Column& column : relation.columns) {
    if (cells) select += ", " + libpq::quote_identifier(column.name);
  }
  const std::size_t fields = hashes + (cells ? relation.columns.size() : 0);
  CopyTextLine line;
  session_->each_leaf(relation, {}, [&](const TableRead& table) {
    libpq::CopyOut rows = session_->connection().copy_out(
        "COPY (" + libpq::row_hashes_sql(table.hashed(hashing, {}), buckets, select) + ") TO STDOUT");
    while (const auto row = rows.read()) {
      const change::Tuple values = line.parse(*row, fields);
      const change::RowHashes found{.key_low = libpq::wrapped_sum(values[0].bytes()),
                                    .key_high = libpq::wrapped_sum(values[1].bytes()),
                                    .row = libpq::wrapped_sum(values[2].bytes())};
      if (!consume(found, values.subspan(hashes))) return false;
    }
    return true;
  });
}

std::unique_ptr<change::Snapshot> PostgresSnapshot::share() {
  return std::unique_ptr<change::Snapshot>(
      new PostgresSnapshot(std::make_unique<Session>(*session_, session_->export_again())));
}

}  // namespace pgmirror::capture::postgres
