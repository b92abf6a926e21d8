// Any bytes as frames of a replication stream: refused, or turned into changes that view nothing beyond the frame.
//
// The input is cut into frames at each byte 0xFF that follows a byte 0xFE, so that a whole conversation can be tried.

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "capture/postgres/frame_reader.hpp"
#include "capture/postgres/stream_follower.hpp"

namespace {

using namespace pgmirror;
using namespace pgmirror::capture::postgres;

/// Touches every byte it is given, and keeps to what a writer may count on.
class TouchingWriter : public change::TransactionWriter {
 public:
  void begin() override { require(!std::exchange(open_, true)); }
  void row(const change::RowChange& change) override {
    require(open_);
    touch(change.old_key, change.relation->columns.size());
    touch(change.new_row, change.relation->columns.size());
  }
  void schema(const change::SchemaChange& change) override { require(open_ && change.after != nullptr); }
  void truncate(const change::Truncation& change) override { require(open_ && !change.relations.empty()); }
  void gap(const change::ContentGap&) override { require(open_); }
  void commit(const change::Commit& commit) override {
    require(std::exchange(open_, false) && commit.position > last_);
    last_ = commit.position;
  }
  void rollback() override { require(std::exchange(open_, false)); }
  void sync() override { require(!open_); }

 private:
  static void require(bool holds) {
    if (!holds) std::abort();
  }
  void touch(change::Tuple cells, std::size_t columns) {
    require(cells.empty() || cells.size() == columns);
    for (const change::Value& cell : cells) {
      if (cell.kind() != change::ValueKind::text) continue;
      for (const char c : cell.bytes()) sum_ = static_cast<unsigned char>(sum_ + static_cast<unsigned char>(c));
    }
  }
  bool open_ = false;
  change::Position last_;
  volatile unsigned char sum_ = 0;
};

std::optional<StreamedRelation> describe(const RelationMessage& message) {
  if (message.name.starts_with("h")) return std::nullopt;
  change::Relation relation;
  relation.schema = message.schema;
  relation.name = message.name;
  relation.identity = message.replica_identity == 'f' ? change::ReplicaIdentity::full : change::ReplicaIdentity::key;
  StreamedRelation streamed;
  for (const RelationMessage::Column& column : message.columns) {
    if (column.type_oid == 0) {
      streamed.places.emplace_back();
      continue;
    }
    streamed.places.emplace_back(relation.columns.size());
    streamed.column_numbers.push_back(static_cast<int>(column.type_oid));
    if (column.identity) relation.key.push_back(relation.columns.size());
    relation.columns.push_back({.name = std::string(column.name), .declared_type = "text"});
  }
  streamed.relation = std::make_shared<const change::Relation>(std::move(relation));
  return streamed;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  TouchingWriter writer;
  StreamRelations relations;
  for (std::uint32_t table = 0; table < 4; ++table)
    relations.told(table, {.relation = {.relation = std::make_shared<const change::Relation>()}});
  PositionMarks marks;
  marks.want({3});
  StreamFollower follower(writer, {}, relations, marks, describe, std::chrono::milliseconds{0});
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  while (!rest.empty()) {
    const auto end = std::min(rest.find("\xFE\xFF"), rest.size());
    // A block of its own, so that a byte read beyond the frame is noticed.
    const std::unique_ptr<char[]> frame(new char[end]);
    rest.copy(frame.get(), end);
    try {
      follower.take({frame.get(), end});
    } catch (const MalformedMessage&) {
      follower.begin_session();
    }
    rest.remove_prefix(std::min(end + 2, rest.size()));
  }
  follower.begin_session();
  follower.sync();
  return 0;
}
