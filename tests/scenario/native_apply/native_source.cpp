#include "tests/scenario/native_apply/native_source.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

namespace pgmirror::tests {

using change::ReplicaIdentity;
using change::RowOperation;
using change::SchemaStatement;
using change::Value;

namespace {

/// From one commit to the next, as a log has more than commits in it.
constexpr std::uint64_t commit_distance = 10;

Value value_of(const std::optional<std::string>& cell) { return cell ? Value::text(*cell) : Value::null(); }

std::vector<Value> values_of(const Printed& row) {
  std::vector<Value> values;
  for (const auto& cell : row) values.push_back(value_of(cell));
  return values;
}

bool is_key(const change::Relation& relation, std::size_t column) {
  return std::ranges::find(relation.key, column) != relation.key.end();
}

std::vector<Value> identity_cells(const change::Relation& relation, const Printed& row) {
  std::vector<Value> values = values_of(row);
  if (relation.identity == ReplicaIdentity::full) return values;
  for (std::size_t column = 0; column < values.size(); ++column) {
    if (!is_key(relation, column)) values[column] = Value::unchanged();
  }
  return values;
}

std::string copy_line(const Printed& row) {
  std::string line;
  for (const auto& cell : row) {
    if (!line.empty() || &cell != &row.front()) line += '\t';
    if (!cell) {
      line += "\\N";
      continue;
    }
    for (const char c : *cell) {
      if (c == '\\') line += "\\\\";
      if (c == '\n') line += "\\n";
      if (c == '\t') line += "\\t";
      if (c != '\\' && c != '\n' && c != '\t') line += c;
    }
  }
  return line + '\n';
}

}  // namespace

class NativeSnapshot : public change::Snapshot {
 public:
  NativeSnapshot(NativeSource& source, std::uint64_t behind_last_commit) : source_(source) {
    position_.value = source.position_.value + behind_last_commit;
    script_ = source.script_;
    sequences_ = source.sequences_;
    untold_ = source.untold;
    for (const auto& [name, table] : source.tables_) {
      relations_.push_back(table.relation);
      rows_[name] = table.rows;
    }
  }

  change::Position position() const override { return position_; }
  std::set<std::string> untold() const override { return untold_; }
  const std::vector<change::RelationPtr>& relations() const override { return relations_; }
  void read(const change::Relation& relation, const std::function<bool(change::Tuple)>& consume) override {
    for (const Printed& row : rows_.at(relation.name)) {
      if (!consume(values_of(row))) return;
    }
  }
  change::TableProfile profile(const change::Relation&) override {
    throw std::logic_error("rows of a PostgreSQL source have no profile");
  }
  std::vector<SchemaStatement> definition() override { return script_; }
  std::vector<change::SequenceValue> sequences() override { return sequences_; }
  bool gives_copy(change::CopyForm form) const override { return form == change::CopyForm::text; }
  std::vector<change::TablePart> parts(const change::Relation& relation) override {
    std::vector<change::TablePart> parts;
    const std::size_t rows = rows_.at(relation.name).size();
    for (std::size_t first = 0; first < rows || parts.empty(); first += source_.rows_in_part) {
      parts.push_back({.where_sql = std::to_string(first), .rows = rows, .bytes = rows});
    }
    return parts;
  }
  void copy_rows(const change::Relation& relation, const change::TablePart& part, change::CopyForm /*form*/,
                 const std::function<bool(std::string_view, std::uint64_t)>& consume) override {
    const auto& rows = rows_.at(relation.name);
    const std::size_t first = std::stoul(part.where_sql);
    if (source_.before_part) source_.before_part(relation.name, first / source_.rows_in_part);
    for (std::size_t row = first; row < std::min(rows.size(), first + source_.rows_in_part); ++row) {
      if (!consume(copy_line(rows[row]), 1)) return;
    }
  }
  std::unique_ptr<change::Snapshot> share() override { return std::make_unique<NativeSnapshot>(*this); }

 private:
  NativeSource& source_;
  change::Position position_;
  std::vector<SchemaStatement> script_;
  std::vector<change::SequenceValue> sequences_;
  std::vector<change::RelationPtr> relations_;
  std::set<std::string> untold_;
  std::map<std::string, std::vector<Printed>> rows_;
};

NativeSource::NativeSource(change::TransactionWriter& queue, change::Position start) : queue_(queue), position_(start) {
  script({.kind = "schema", .name = "app", .sql = "CREATE SCHEMA app", .required = true});
}

void NativeSource::script(SchemaStatement statement) {
  const std::lock_guard lock(mutex_);
  const auto same = std::ranges::find_if(script_, [&](const SchemaStatement& one) {
    return one.kind == statement.kind && one.schema == statement.schema && one.name == statement.name;
  });
  if (same == script_.end()) {
    script_.push_back(std::move(statement));
  } else {
    *same = std::move(statement);
  }
}

change::RelationPtr NativeSource::table(const std::string& name,
                                        const std::vector<std::pair<std::string, std::string>>& columns,
                                        std::vector<std::size_t> key, std::vector<Printed> rows,
                                        ReplicaIdentity identity) {
  auto relation = std::make_shared<change::Relation>();
  relation->schema = "app";
  relation->name = name;
  std::vector<std::string> definitions;
  for (const auto& [column, type] : columns) {
    relation->columns.push_back({.name = column, .declared_type = type, .family = change::TypeFamily::native});
    definitions.push_back(fmt::format("\"{}\" {}", column, type));
  }
  relation->key = std::move(key);
  relation->identity = identity;
  script({.kind = "table",
          .schema = "app",
          .name = name,
          .sql = fmt::format("CREATE TABLE app.\"{}\" ({})", name, fmt::join(definitions, ", ")),
          .required = true});
  if (!relation->key.empty()) {
    std::vector<std::string> names;
    for (const std::size_t column : relation->key) names.push_back('"' + columns[column].first + '"');
    script({.stage = SchemaStatement::Stage::after_data,
            .kind = "primary key",
            .schema = "app",
            .name = fmt::format("{0}.{0}_pkey", name),
            .sql = fmt::format("ALTER TABLE app.\"{0}\" ADD CONSTRAINT \"{0}_pkey\" PRIMARY KEY ({1})", name,
                               fmt::join(names, ", ")),
            .required = true});
  }
  const std::lock_guard lock(mutex_);
  tables_[name] = {relation, std::move(rows)};
  return relation;
}

void NativeSource::transaction(const std::function<void()>& work) {
  const std::lock_guard lock(mutex_);
  queue_.begin();
  work();
  position_.value += commit_distance;
  queue_.commit({position_, std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now())});
  queue_.sync();
}

void NativeSource::lost_transaction(const std::function<void()>& work) {
  const std::lock_guard lock(mutex_);
  const auto before = tables_;
  queue_.begin();
  work();
  queue_.rollback();
  tables_ = before;
}

void NativeSource::insert(const change::RelationPtr& relation, const Printed& row) {
  queue_.row({RowOperation::insert, relation, {}, values_of(row)});
  table_of(*relation).rows.push_back(row);
}

void NativeSource::update(const change::RelationPtr& relation, const Printed& before, const Printed& now,
                          const std::set<std::size_t>& unsent) {
  std::vector<Value> cells = values_of(now);
  bool same_key = relation->identity != ReplicaIdentity::full;
  for (const std::size_t column : relation->key) same_key = same_key && before[column] == now[column];
  for (const std::size_t column : unsent) {
    if (before[column] != now[column]) throw std::logic_error("a cell that is not sent has not changed");
    cells[column] = Value::unchanged();
  }
  const auto old_key = same_key ? std::vector<Value>{} : identity_cells(*relation, before);
  queue_.row({RowOperation::update, relation, old_key, cells});
  auto& rows = table_of(*relation).rows;
  const auto found = std::ranges::find(rows, before);
  if (found == rows.end()) throw std::logic_error("no such row to update");
  *found = now;
}

void NativeSource::remove(const change::RelationPtr& relation, const Printed& row) {
  queue_.row({RowOperation::remove, relation, identity_cells(*relation, row), {}});
  auto& rows = table_of(*relation).rows;
  const auto found = std::ranges::find(rows, row);
  if (found == rows.end()) throw std::logic_error("no such row to delete");
  rows.erase(found);
}

void NativeSource::truncate(const std::vector<change::RelationPtr>& relations) {
  queue_.truncate({relations});
  for (const auto& relation : relations) table_of(*relation).rows.clear();
}

void NativeSource::gap(const change::RelationPtr& relation, const std::string& reason) {
  queue_.gap({relation, reason});
}

void NativeSource::statement(const SchemaStatement& statement) {
  queue_.statement(statement);
  script_.push_back(statement);
}

void NativeSource::sequence(const change::SequenceValue& value) { queue_.sequence(value); }

change::RelationPtr NativeSource::redefine(const change::RelationPtr& before, change::Relation after,
                                           std::vector<std::pair<std::string, std::string>> renamed) {
  auto shared = std::make_shared<const change::Relation>(std::move(after));
  queue_.schema({.before = before, .after = shared, .renamed_columns = std::move(renamed)});
  redefine_untold(before, shared);
  return shared;
}

void NativeSource::redefine_untold(const change::RelationPtr& before, const change::RelationPtr& after) {
  Table table = std::move(table_of(*before));
  table.relation = after;
  tables_.erase(before->name);
  tables_[after->name] = std::move(table);
}

void NativeSource::rewrite(const change::RelationPtr& relation, std::vector<Printed> rows) {
  table_of(*relation).rows = std::move(rows);
}

std::vector<Printed> NativeSource::rows(const change::RelationPtr& relation) const {
  const std::lock_guard lock(mutex_);
  return tables_.at(relation->name).rows;
}

std::unique_ptr<change::Snapshot> NativeSource::open_snapshot() {
  std::unique_ptr<NativeSnapshot> snapshot;
  {
    const std::lock_guard lock(mutex_);
    ++snapshots;
    // Its position has to be one that the queue comes to.
    snapshot = std::make_unique<NativeSnapshot>(*this, behind_snapshot ? commit_distance / 2 : 0);
  }
  if (behind_snapshot) behind_snapshot();
  return snapshot;
}

}  // namespace pgmirror::tests
