#include "capture/postgres/pgoutput_decoder.hpp"

namespace pgmirror::capture::postgres {
namespace {

/// Flags of a Truncate message.
constexpr std::uint8_t truncate_cascade = 1;
constexpr std::uint8_t truncate_restart_identity = 2;

constexpr std::uint8_t column_is_identity = 1;

/// Type and origin descriptions and logical messages; streaming of open transactions (protocol 2); two-phase commit
/// (protocol 3). A row inside such a stream has no Begin before it, so that nothing of it can be taken for a row of a
/// commit.
constexpr std::string_view other_kinds = "YOMSEcAbPKrp";

}  // namespace

PgoutputMessage PgoutputDecoder::decode(std::string_view frame) {
  FrameReader reader(frame);
  PgoutputMessage message;
  switch (const char kind = reader.character("a message kind")) {
    case 'B': {
      BeginMessage begin{.commit_start = reader.position("the position of a commit"), .time = reader.time("a time")};
      begin.transaction_id = reader.number<std::uint32_t>("a transaction number");
      message = begin;
      break;
    }
    case 'C': {
      reader.number<std::uint8_t>("flags");
      CommitMessage commit{.commit_start = reader.position("the position of a commit"),
                           .end = reader.position("the end of a commit")};
      commit.time = reader.time("a time");
      message = commit;
      break;
    }
    case 'R':
      message = read_relation(reader);
      break;
    case 'I': {
      InsertMessage insert{.relation = reader.number<std::uint32_t>("a relation")};
      if (reader.character("a new row") != 'N') reader.fail("a new row");
      insert.new_row = read_tuple(reader, new_cells_);
      message = insert;
      break;
    }
    case 'U':
      message = read_update(reader);
      break;
    case 'D':
      message = read_delete(reader);
      break;
    case 'T':
      message = read_truncate(reader);
      break;
    default:
      if (other_kinds.find(kind) == std::string_view::npos) reader.fail("a known message kind before this");
      return OtherMessage{kind};
  }
  reader.end();
  return message;
}

RelationMessage PgoutputDecoder::read_relation(FrameReader& reader) {
  RelationMessage relation{.oid = reader.number<std::uint32_t>("a relation")};
  relation.schema = reader.text("a schema");
  if (relation.schema.empty()) relation.schema = "pg_catalog";
  relation.name = reader.text("a table");
  relation.replica_identity = reader.character("a replica identity");
  const auto count = reader.number<std::uint16_t>("a number of columns");
  columns_.clear();
  for (unsigned i = 0; i < count; ++i) {
    RelationMessage::Column column{.identity = (reader.number<std::uint8_t>("column flags") & column_is_identity) != 0};
    column.name = reader.text("a column");
    column.type_oid = reader.number<std::uint32_t>("a type");
    column.type_modifier = reader.number<std::int32_t>("a type modifier");
    columns_.push_back(column);
  }
  relation.columns = columns_;
  return relation;
}

UpdateMessage PgoutputDecoder::read_update(FrameReader& reader) {
  UpdateMessage update{.relation = reader.number<std::uint32_t>("a relation")};
  char part = reader.character("a row");
  if (part == 'K' || part == 'O') {
    update.old_row_is_key = part == 'K';
    update.old_row = read_tuple(reader, old_cells_);
    part = reader.character("a new row");
  }
  if (part != 'N') reader.fail("a new row");
  update.new_row = read_tuple(reader, new_cells_);
  return update;
}

DeleteMessage PgoutputDecoder::read_delete(FrameReader& reader) {
  DeleteMessage removal{.relation = reader.number<std::uint32_t>("a relation")};
  const char part = reader.character("an old row");
  if (part != 'K' && part != 'O') reader.fail("an old row");
  removal.old_row_is_key = part == 'K';
  removal.old_row = read_tuple(reader, old_cells_);
  return removal;
}

TruncateMessage PgoutputDecoder::read_truncate(FrameReader& reader) {
  const auto count = reader.number<std::uint32_t>("a number of tables");
  const auto flags = reader.number<std::uint8_t>("flags");
  if (count > reader.left() / sizeof(std::uint32_t)) reader.fail("as many tables as were announced");
  relations_.clear();
  for (std::uint32_t i = 0; i < count; ++i) relations_.push_back(reader.number<std::uint32_t>("a relation"));
  return {.relations = relations_,
          .cascade = (flags & truncate_cascade) != 0,
          .restart_identity = (flags & truncate_restart_identity) != 0};
}

change::Tuple PgoutputDecoder::read_tuple(FrameReader& reader, std::vector<change::Value>& cells) {
  const auto count = reader.number<std::uint16_t>("a number of cells");
  cells.clear();
  for (unsigned i = 0; i < count; ++i) {
    switch (reader.character("a cell")) {
      case 'n':
        cells.push_back(change::Value::null());
        break;
      case 'u':
        cells.push_back(change::Value::unchanged());
        break;
      case 't': {
        const auto length = reader.number<std::uint32_t>("the length of a cell");
        cells.push_back(change::Value::text(reader.bytes(length, "as many bytes as a cell announced")));
        break;
      }
      default:
        // Binary cells (b) are sent only to those who ask for them.
        reader.fail("a cell in text form before this");
    }
  }
  return cells;
}

}  // namespace pgmirror::capture::postgres
