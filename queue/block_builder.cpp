#include "queue/block_builder.hpp"

#include <zstd.h>

#include <limits>
#include <new>
#include <stdexcept>

#include "queue/tuple_codec.hpp"
#include "queue/wire.hpp"

namespace pgmirror::queue {
namespace {

// Below this a frame's own overhead eats what it saves.
constexpr std::size_t smallest_compressed = 200;
// Memory that one large row needed is given back beyond this.
constexpr std::size_t most_kept = std::size_t{4} << 20U;

}  // namespace

BlockBuilder::BlockBuilder(int compression_level) : context_(ZSTD_createCCtx()), compression_level_(compression_level) {
  if (context_ == nullptr) throw std::bad_alloc();
  clear();
}

BlockBuilder::~BlockBuilder() { ZSTD_freeCCtx(context_); }

void BlockBuilder::tag(RecordTag tag) {
  char* at = records_.reserve(1);
  *at = static_cast<char>(tag);
  records_.advance_to(at + 1);
}

void BlockBuilder::begin(bool abandons_another, const RelationIds& ids) {
  contents_.size = records_.size();
  contents_.last_relation = ids.last();
  at_begin_ = contents_;
  begun_here_ = true;
  if (abandons_another) contents_.outcome = Outcome::abandoned;
  contents_.last_begin = static_cast<std::uint32_t>(bytes());
  tag(RecordTag::begin);
}

void BlockBuilder::row(const change::RowChange& change, RelationIds& ids) {
  const auto before = records_.size();
  const auto id = ids.id_of(change.relation, records_, contents_.defines_relations);
  switch (change.operation) {
    case change::RowOperation::insert:
      tag(RecordTag::insert);
      wire::append_varint(records_, id);
      append_tuple(records_, change.new_row);
      break;
    case change::RowOperation::update:
      tag(change.old_key.empty() ? RecordTag::update : RecordTag::update_with_key);
      wire::append_varint(records_, id);
      if (!change.old_key.empty()) append_tuple(records_, change.old_key);
      append_tuple(records_, change.new_row);
      break;
    case change::RowOperation::remove:
      tag(RecordTag::remove);
      wire::append_varint(records_, id);
      append_tuple(records_, change.old_key);
      break;
  }
  if (records_.size() > std::numeric_limits<std::uint32_t>::max()) {
    const auto size = records_.size() - before;
    records_.resize(before);
    throw std::length_error("a row of " + change.relation->qualified_name() + " has " + std::to_string(size) +
                            " bytes, more than the queue can hold; exclude its largest column");
  }
  ++contents_.changes;
}

void BlockBuilder::schema(const change::SchemaChange& change, RelationIds& ids) {
  const auto before = change.before ? ids.id_of(change.before, records_, contents_.defines_relations) : 0;
  const auto after = change.after ? ids.id_of(change.after, records_, contents_.defines_relations) : 0;
  tag(RecordTag::schema);
  wire::append_varint(records_, before);
  wire::append_varint(records_, after);
  wire::append_varint(records_, change.renamed_columns.size());
  for (const auto& [old_name, new_name] : change.renamed_columns) {
    wire::append_string(records_, old_name);
    wire::append_string(records_, new_name);
  }
  ++contents_.changes;
}

void BlockBuilder::truncate(const change::Truncation& change, RelationIds& ids) {
  std::vector<std::uint64_t> relations;
  relations.reserve(change.relations.size());
  for (const auto& relation : change.relations) {
    relations.push_back(ids.id_of(relation, records_, contents_.defines_relations));
  }
  tag(RecordTag::truncate);
  wire::append_varint(records_, relations.size());
  for (const auto id : relations) wire::append_varint(records_, id);
  ++contents_.changes;
}

void BlockBuilder::gap(const change::ContentGap& gap, RelationIds& ids) {
  const auto id = ids.id_of(gap.relation, records_, contents_.defines_relations);
  tag(RecordTag::gap);
  wire::append_varint(records_, id);
  wire::append_string(records_, gap.reason);
  ++contents_.changes;
}

void BlockBuilder::statement(const change::SchemaStatement& statement) {
  tag(RecordTag::statement);
  wire::append_varint(records_, static_cast<std::uint64_t>(statement.stage));
  wire::append_varint(records_, statement.required ? 1 : 0);
  for (const std::string* text :
       {&statement.kind, &statement.schema, &statement.name, &statement.sql, &statement.table}) {
    wire::append_string(records_, *text);
  }
  wire::append_varint(records_, statement.parts.size());
  for (const std::string& part : statement.parts) wire::append_string(records_, part);
  ++contents_.changes;
}

void BlockBuilder::sequence(const change::SequenceValue& value) {
  tag(RecordTag::sequence);
  wire::append_string(records_, value.schema);
  wire::append_string(records_, value.name);
  wire::append_varint(records_, wire::zigzag(value.value));
  const bool owned = !value.table.empty();
  wire::append_varint(records_,
                      (value.descending ? sequence_flags::descending : 0U) | (owned ? sequence_flags::owned : 0U));
  if (owned) {
    wire::append_string(records_, value.table);
    wire::append_string(records_, value.column);
  }
  ++contents_.changes;
}

void BlockBuilder::commit(const change::Commit& commit, bool began_before) {
  char* at = records_.reserve(1 + 2 * wire::longest_varint);
  *at++ = static_cast<char>(RecordTag::commit);
  at = wire::put_varint(at, commit.position.value);
  at = wire::put_varint(at, wire::zigzag(commit.time.time_since_epoch().count()));
  records_.advance_to(at);
  if (began_before) contents_.outcome = Outcome::committed;
  if (contents_.commits++ == 0) {
    first_ = commit.position;
    first_time_ = commit.time;
  }
  last_ = commit.position;
  last_time_ = commit.time;
  begun_here_ = false;
}

void BlockBuilder::rollback(RelationIds& ids) {
  contents_ = at_begin_;
  records_.resize(contents_.size);
  ids.forget_after(contents_.last_relation);
  begun_here_ = false;
}

ByteBuffer& BlockBuilder::finish(BlockHeader& header) {
  header.raw_bytes = static_cast<std::uint32_t>(bytes());
  header.commits = contents_.commits;
  header.changes = contents_.changes;
  header.last_begin = contents_.last_begin;
  header.defines_relations = contents_.defines_relations;
  header.outcome = contents_.outcome;
  header.first_time = change::CommitTime{};
  if (contents_.commits > 0) {
    header.first = first_;
    header.first_time = first_time_;
    header.last = last_;
    header.last_time = last_time_;
  }
  header.compressed = false;
  if (compression_level_ == 0 || bytes() < smallest_compressed) return records_;

  compressed_.resize(0);
  compressed_.reserve(BlockHeader::size + ZSTD_compressBound(bytes()));
  compressed_.resize(BlockHeader::size);
  const auto size =
      ZSTD_compressCCtx(context_, compressed_.data() + BlockHeader::size, compressed_.capacity() - BlockHeader::size,
                        records_.data() + BlockHeader::size, bytes(), compression_level_);
  // What hardly shrinks is cheaper to read back as it is.
  if (ZSTD_isError(size) != 0 || size > bytes() - bytes() / 8) return records_;
  compressed_.resize(BlockHeader::size + size);
  header.compressed = true;
  return compressed_;
}

void BlockBuilder::clear() {
  records_.shrink_beyond(most_kept);
  compressed_.shrink_beyond(most_kept);
  records_.resize(BlockHeader::size);
  contents_ = {};
  begun_here_ = false;
}

}  // namespace pgmirror::queue
