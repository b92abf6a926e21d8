#include "queue/record_reader.hpp"

#include "queue/tuple_codec.hpp"

namespace pgmirror::queue {

void RecordReader::start(Block& block) {
  block_ = &block;
  const auto records = block.records();
  start_ = records.data();
  in_ = wire::Reader(records);
}

void RecordReader::go_to(std::uint32_t offset) {
  const auto records = block_->records();
  if (offset > records.size()) throw wire::Malformed("a record starts behind its block");
  in_ = wire::Reader(records.substr(offset));
}

RecordTag RecordReader::tag() {
  const auto tag = in_.byte();
  if (tag < static_cast<std::uint8_t>(RecordTag::relation) || tag > static_cast<std::uint8_t>(RecordTag::sequence)) {
    throw wire::Malformed("a record is of unknown kind " + std::to_string(tag));
  }
  return static_cast<RecordTag>(tag);
}

void RecordReader::relation() {
  const auto id = in_.varint();
  relations_.define(id, in_.string());
}

const Item* RecordReader::row(RecordTag tag) {
  auto& row = *std::get_if<change::RowChange>(&row_);
  const auto& relation = relations_.at(in_.varint());
  // Counting a reference costs more than the rest of a small row.
  if (row.relation != relation) row.relation = relation;
  row.old_key = row.new_row = {};
  switch (tag) {
    case RecordTag::insert:
      row.operation = change::RowOperation::insert;
      row.new_row = take_tuple(in_, block_->cells);
      break;
    case RecordTag::update_with_key:
      row.old_key = take_tuple(in_, block_->cells);
      [[fallthrough]];
    case RecordTag::update:
      row.operation = change::RowOperation::update;
      row.new_row = take_tuple(in_, block_->cells);
      break;
    default:
      row.operation = change::RowOperation::remove;
      row.old_key = take_tuple(in_, block_->cells);
      break;
  }
  return &row_;
}

const Item* RecordReader::truncation() {
  change::Truncation truncation;
  for (auto left = in_.count(); left > 0; --left) truncation.relations.push_back(relations_.at(in_.varint()));
  other_ = std::move(truncation);
  return &other_;
}

const Item* RecordReader::schema() {
  change::SchemaChange change;
  if (const auto before = in_.varint(); before != 0) change.before = relations_.at(before);
  if (const auto after = in_.varint(); after != 0) change.after = relations_.at(after);
  for (auto left = in_.count(); left > 0; --left) {
    const auto old_name = in_.string();
    change.renamed_columns.emplace_back(old_name, in_.string());
  }
  other_ = std::move(change);
  return &other_;
}

const Item* RecordReader::gap() {
  change::ContentGap gap;
  gap.relation = relations_.at(in_.varint());
  gap.reason = in_.string();
  other_ = std::move(gap);
  return &other_;
}

const Item* RecordReader::statement() {
  change::SchemaStatement statement;
  const auto stage = in_.varint();
  if (stage > static_cast<std::uint64_t>(change::SchemaStatement::Stage::after_data)) {
    throw wire::Malformed("a schema statement is of unknown stage " + std::to_string(stage));
  }
  statement.stage = static_cast<change::SchemaStatement::Stage>(stage);
  statement.required = in_.varint() != 0;
  for (std::string* text : {&statement.kind, &statement.schema, &statement.name, &statement.sql, &statement.table}) {
    *text = in_.string();
  }
  for (auto left = in_.count(); left > 0; --left) statement.parts.emplace_back(in_.string());
  other_ = std::move(statement);
  return &other_;
}

const Item* RecordReader::sequence() {
  change::SequenceValue value;
  value.schema = in_.string();
  value.name = in_.string();
  value.value = wire::unzigzag(in_.varint());
  const std::uint64_t flags = in_.varint();
  if ((flags & ~(sequence_flags::descending | sequence_flags::owned)) != 0) {
    throw wire::Malformed("a sequence value has unknown flags " + std::to_string(flags));
  }
  value.descending = (flags & sequence_flags::descending) != 0;
  if ((flags & sequence_flags::owned) != 0) {
    value.table = in_.string();
    value.column = in_.string();
  }
  other_ = std::move(value);
  return &other_;
}

const Item* RecordReader::commit() {
  auto& commit = *std::get_if<change::Commit>(&commit_);
  commit.position.value = in_.varint();
  commit.time = change::CommitTime{std::chrono::microseconds{wire::unzigzag(in_.varint())}};
  return &commit_;
}

const Item* RecordReader::next() {
  while (!in_.at_end()) {
    const auto found = tag();
    switch (found) {
      case RecordTag::relation:
        relation();
        continue;
      case RecordTag::begin:
        return &begin_;
      case RecordTag::truncate:
        return truncation();
      case RecordTag::schema:
        return schema();
      case RecordTag::gap:
        return gap();
      case RecordTag::statement:
        return statement();
      case RecordTag::sequence:
        return sequence();
      case RecordTag::commit:
        return commit();
      default:
        return row(found);
    }
  }
  return nullptr;
}

const Item* RecordReader::skip() {
  switch (tag()) {
    case RecordTag::relation:
      relation();
      return nullptr;
    case RecordTag::begin:
      return &begin_;
    case RecordTag::commit:
      return commit();
    case RecordTag::truncate:
      truncation();
      return nullptr;
    case RecordTag::schema:
      schema();
      return nullptr;
    case RecordTag::gap:
      gap();
      return nullptr;
    case RecordTag::statement:
      statement();
      return nullptr;
    case RecordTag::sequence:
      sequence();
      return nullptr;
    case RecordTag::update_with_key:
      in_.varint();
      skip_tuple(in_);
      skip_tuple(in_);
      return nullptr;
    default:
      in_.varint();
      skip_tuple(in_);
      return nullptr;
  }
}

}  // namespace pgmirror::queue
