#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "capture/postgres/relation_catalog.hpp"
#include "capture/postgres/schema_script.hpp"
#include "capture/postgres/snapshot_definitions.hpp"
#include "change/snapshot.hpp"
#include "config/config.hpp"

namespace pgmirror::capture::postgres {

/// The whole source as of an exported snapshot.
///
/// Holds one session in one REPEATABLE READ, READ ONLY transaction: the server keeps old row versions until it goes.
/// Table locks are held only while a table is read, so that migrations of the application wait for one table, not for
/// the whole copy. A table that was rewritten or truncated since the snapshot cannot be read from it any more (its rows
/// would silently be missing): DatabaseError 40001, for a new attempt with a new snapshot. Rows hidden by row level
/// security are an error of the server, never fewer rows.
class PostgresSnapshot : public change::Snapshot {
 public:
  /// Imports `exported` (as CREATE_REPLICATION_SLOT or pg_export_snapshot() name it), which needs to be valid until the
  /// constructor returns; `position` is the slot's consistent point. Reads the catalog. Throws DatabaseError.
  PostgresSnapshot(const config::ConnectionSettings& settings, const config::TableRules& rules,
                   const ScriptOptions& options, const std::string& exported, change::Position position,
                   config::CaptureMethod method = config::CaptureMethod::decoding);
  ~PostgresSnapshot() override;

  /// For a stream that has to be told of them; untold() asks there then.
  std::shared_ptr<SnapshotDefinitions> definitions_to_tell();
  change::Position position() const override;
  /// Tables without an identity included; unlogged ones not.
  const std::vector<change::RelationPtr>& relations() const override;
  std::set<std::string> untold() const override;
  /// Cells are text as the server printed it. No order.
  void read(const change::Relation& relation, const std::function<bool(change::Tuple)>& consume) override;
  change::TableProfile profile(const change::Relation& relation) override;

  std::vector<change::SchemaStatement> definition() override;
  std::vector<change::SequenceValue> sequences() override;

  bool gives_copy(change::CopyForm) const override { return true; }
  /// Ranges of blocks of large tables; the leaves of partitioned ones.
  std::vector<change::TablePart> parts(const change::Relation& relation) override;
  void copy_rows(const change::Relation& relation, const change::TablePart& part, change::CopyForm form,
                 const std::function<bool(std::string_view, std::uint64_t)>& consume) override;
  bool gives_row_hashes() const override;
  std::vector<change::BucketSum> bucket_sums(const change::Relation& relation, const change::TablePart& part,
                                             const change::RowHashing& hashing) override;
  void read_buckets(const change::Relation& relation, const change::RowHashing& hashing,
                    const std::vector<bool>& buckets, bool cells,
                    const std::function<bool(const change::RowHashes&, change::Tuple)>& consume) override;
  std::unique_ptr<change::Snapshot> share() override;

 private:
  class Session;
  explicit PostgresSnapshot(std::unique_ptr<Session> session);
  std::unique_ptr<Session> session_;
  std::shared_ptr<SnapshotDefinitions> told_;
};

}  // namespace pgmirror::capture::postgres
