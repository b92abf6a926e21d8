#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "change/snapshot.hpp"

namespace pgmirror::tests {

/// A cell that owns its bytes.
struct Cell {
  change::ValueKind kind = change::ValueKind::null;
  std::int64_t number = 0;
  double real_number = 0;
  std::string bytes{};

  change::Value value() const;
};

Cell nothing();
Cell integer(std::int64_t number);
Cell real(double number);
Cell text(std::string bytes);
Cell blob(std::string bytes);

using Row = std::vector<Cell>;

/// A source that says what the test wants it to say.
class HandMadeSnapshot : public change::Snapshot {
 public:
  explicit HandMadeSnapshot(std::uint64_t position = 7) : position_{position} {}

  /// `rows` are over relation.columns.
  change::RelationPtr add(change::Relation relation, std::vector<Row> rows = {});
  /// A table of `count` rows that are made when they are read.
  change::RelationPtr add(change::Relation relation, std::uint64_t count, std::function<Row(std::uint64_t)> make);
  /// Called before the n-th row (from 0) of any table is handed out.
  void before_row(std::function<void(std::uint64_t)> action) { before_row_ = std::move(action); }

  change::Position position() const override { return position_; }
  const std::vector<change::RelationPtr>& relations() const override { return relations_; }
  void read(const change::Relation& relation, const std::function<bool(change::Tuple)>& consume) override;
  change::TableProfile profile(const change::Relation& relation) override;

 private:
  struct Content {
    std::uint64_t count = 0;
    std::function<Row(std::uint64_t)> make;
  };

  change::Position position_;
  std::vector<change::RelationPtr> relations_;
  std::map<std::string, Content> contents_;
  std::function<void(std::uint64_t)> before_row_;
};

change::Column column(std::string name, std::string declared_type, change::TypeFamily family);
change::Column required(change::Column column);
/// INTEGER PRIMARY KEY `id` and the given columns.
change::Relation table_with_id(std::string name, std::vector<change::Column> columns);
/// Unnamed rowid, the given columns, and a declared key over `key` (positions behind the rowid).
change::Relation table_with_row_id(std::string name, std::vector<change::Column> columns,
                                   const std::vector<std::size_t>& key = {});

}  // namespace pgmirror::tests
