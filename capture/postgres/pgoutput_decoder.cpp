#include "capture/postgres/pgoutput_decoder.hpp"

#include <fmt/format.h>

#include <concepts>

namespace pgmirror::capture::postgres {
namespace {

/// Microseconds between 1970-01-01 and 2000-01-01, where PostgreSQL's timestamps begin.
constexpr std::int64_t postgres_epoch = 946'684'800'000'000;

/// Flags of a Truncate message.
constexpr std::uint8_t truncate_cascade = 1;
constexpr std::uint8_t truncate_restart_identity = 2;

constexpr std::uint8_t column_is_identity = 1;

/// Type and origin descriptions and logical messages; streaming of open transactions (protocol 2); two-phase commit
/// (protocol 3). A row inside such a stream has no Begin before it, so that nothing of it can be taken for a row of a
/// commit.
constexpr std::string_view other_kinds = "YOMSEcAbPKrp";

}  // namespace

class PgoutputDecoder::Reader {
 public:
  explicit Reader(std::string_view frame) : frame_(frame) {}

  template <std::integral Number>
  Number number(const char* what) {
    need(sizeof(Number), what);
    std::make_unsigned_t<Number> read = 0;
    for (std::size_t i = 0; i < sizeof(Number); ++i) {
      read = static_cast<std::make_unsigned_t<Number>>((std::uint64_t{read} << 8U) |
                                                       static_cast<unsigned char>(frame_[at_ + i]));
    }
    at_ += sizeof(Number);
    return static_cast<Number>(read);
  }

  char character(const char* what) { return static_cast<char>(number<std::uint8_t>(what)); }

  change::Position position(const char* what) { return {number<std::uint64_t>(what)}; }

  change::CommitTime time(const char* what) {
    // Wraps for times that no calendar has; unsigned, so that a broken server cannot overflow.
    const auto since_2000 = number<std::uint64_t>(what);
    return change::CommitTime{
        std::chrono::microseconds{static_cast<std::int64_t>(since_2000 + static_cast<std::uint64_t>(postgres_epoch))}};
  }

  std::string_view text(const char* what) {
    const auto end = frame_.find('\0', at_);
    if (end == std::string_view::npos) fail(what);
    const std::string_view found = frame_.substr(at_, end - at_);
    at_ = end + 1;
    return found;
  }

  std::string_view bytes(std::size_t count, const char* what) {
    need(count, what);
    const std::string_view found = frame_.substr(at_, count);
    at_ += count;
    return found;
  }

  std::size_t left() const { return frame_.size() - at_; }

  void end() {
    if (left() > 0) fail("the end of the message");
  }

  [[noreturn]] void fail(const char* expected) const {
    throw MalformedMessage(
        fmt::format("stream message of {} bytes: {} was expected at offset {}", frame_.size(), expected, at_));
  }

 private:
  void need(std::size_t count, const char* what) const {
    if (left() < count) fail(what);
  }

  std::string_view frame_;
  std::size_t at_ = 0;
};

PgoutputMessage PgoutputDecoder::decode(std::string_view frame) {
  Reader reader(frame);
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

RelationMessage PgoutputDecoder::read_relation(Reader& reader) {
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

UpdateMessage PgoutputDecoder::read_update(Reader& reader) {
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

DeleteMessage PgoutputDecoder::read_delete(Reader& reader) {
  DeleteMessage removal{.relation = reader.number<std::uint32_t>("a relation")};
  const char part = reader.character("an old row");
  if (part != 'K' && part != 'O') reader.fail("an old row");
  removal.old_row_is_key = part == 'K';
  removal.old_row = read_tuple(reader, old_cells_);
  return removal;
}

TruncateMessage PgoutputDecoder::read_truncate(Reader& reader) {
  const auto count = reader.number<std::uint32_t>("a number of tables");
  const auto flags = reader.number<std::uint8_t>("flags");
  if (count > reader.left() / sizeof(std::uint32_t)) reader.fail("as many tables as were announced");
  relations_.clear();
  for (std::uint32_t i = 0; i < count; ++i) relations_.push_back(reader.number<std::uint32_t>("a relation"));
  return {.relations = relations_,
          .cascade = (flags & truncate_cascade) != 0,
          .restart_identity = (flags & truncate_restart_identity) != 0};
}

change::Tuple PgoutputDecoder::read_tuple(Reader& reader, std::vector<change::Value>& cells) {
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
