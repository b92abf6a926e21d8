#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "change/transaction.hpp"
#include "tests/oracle/table_content.hpp"

namespace pgmirror::tests {

/// A mirror built from events only. Throws std::logic_error for an event that no faithful source sends: an insert of a
/// row that is there, a change of one that is not, a wrong old key, an update that changes nothing.
class MirrorModel final : public change::TransactionWriter {
 public:
  void begin() override {}
  void row(const change::RowChange& change) override;
  void schema(const change::SchemaChange& change) override;
  void truncate(const change::Truncation& change) override;
  void commit(const change::Commit&) override {}
  void rollback() override {}
  void sync() override {}

  const DatabaseContent& content() const { return content_; }
  /// What the events since the last call did to rows, sorted; an update of a key without rowid counts as two.
  std::vector<RowDifference> take_differences();
  /// Whether a table was created, dropped or redefined since the last call.
  bool take_redefined();
  std::uint64_t events() const { return events_; }
  std::uint64_t schema_events() const { return schema_events_; }
  std::uint64_t truncations() const { return truncations_; }
  std::uint64_t renamed_columns() const { return renamed_columns_; }

 private:
  TableContent& table_of(const change::RelationPtr& relation);

  DatabaseContent content_;
  std::map<std::string, change::RelationPtr> relations_;
  std::vector<RowDifference> differences_;
  bool redefined_ = false;
  std::uint64_t events_ = 0;
  std::uint64_t schema_events_ = 0;
  std::uint64_t truncations_ = 0;
  std::uint64_t renamed_columns_ = 0;
};

}  // namespace pgmirror::tests
