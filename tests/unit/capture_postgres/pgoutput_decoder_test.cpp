#include "capture/postgres/pgoutput_decoder.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/capture_postgres/stream_bytes.hpp"

namespace pgmirror::tests {
namespace {

using namespace capture::postgres;
using change::Value;

template <typename Message>
Message decoded(PgoutputDecoder& decoder, const std::string& frame) {
  const PgoutputMessage message = decoder.decode(frame);
  EXPECT_TRUE(std::holds_alternative<Message>(message));
  return std::get<Message>(message);
}

std::vector<Value> cells(change::Tuple tuple) { return {tuple.begin(), tuple.end()}; }

TEST(PgoutputDecoder, ReadsTheEndsOfATransaction) {
  PgoutputDecoder decoder;
  const auto begin = decoded<BeginMessage>(decoder, begin_message(0x16B374D848, 1));
  EXPECT_EQ(to_string(begin.commit_start), "16/B374D848");
  EXPECT_EQ(begin.transaction_id, 7U);
  // Midnight of 2000-01-01 and one microsecond.
  EXPECT_EQ(begin.time.time_since_epoch().count(), 946684800000001);
  const auto commit = decoded<CommitMessage>(decoder, commit_message(0x10, 0x20));
  EXPECT_EQ(commit.commit_start.value, 0x10U);
  EXPECT_EQ(commit.end.value, 0x20U);
}

TEST(PgoutputDecoder, ReadsRelations) {
  PgoutputDecoder decoder;
  const std::string frame = relation_message(16400, "a \"b", {"*id", "name"}, 'f');
  const auto relation = decoded<RelationMessage>(decoder, frame);
  EXPECT_EQ(relation.oid, 16400U);
  EXPECT_EQ(relation.schema, "public");
  EXPECT_EQ(relation.name, "a \"b");
  EXPECT_EQ(relation.replica_identity, 'f');
  ASSERT_EQ(relation.columns.size(), 2U);
  EXPECT_TRUE(relation.columns[0].identity);
  EXPECT_EQ(relation.columns[0].name, "id");
  EXPECT_FALSE(relation.columns[1].identity);
  EXPECT_EQ(relation.columns[1].type_oid, 25U);
  EXPECT_EQ(relation.columns[1].type_modifier, -1);
}

TEST(PgoutputDecoder, SchemaThatTheProtocolLeavesOutIsTheSystems) {
  PgoutputDecoder decoder;
  const std::string frame = StreamBytes().byte('R').int32(1).text("").text("t").byte('d').int16(0).bytes();
  EXPECT_EQ(decoded<RelationMessage>(decoder, frame).schema, "pg_catalog");
}

TEST(PgoutputDecoder, ReadsRows) {
  PgoutputDecoder decoder;
  const std::string large(100000, 'x');
  const std::string insert = insert_message(1, {"1", std::nullopt, "", large});
  EXPECT_EQ(cells(decoded<InsertMessage>(decoder, insert).new_row),
            (std::vector<Value>{Value::text("1"), Value::null(), Value::text(""), Value::text(large)}));

  const std::string plain = StreamBytes().byte('U').int32(1).byte('N').row({"1", "~"}).bytes();
  const auto update = decoded<UpdateMessage>(decoder, plain);
  EXPECT_TRUE(update.old_row.empty());
  EXPECT_EQ(cells(update.new_row), (std::vector<Value>{Value::text("1"), Value::unchanged()}));

  const std::string moved =
      StreamBytes().byte('U').int32(1).byte('K').row({"1", std::nullopt}).byte('N').row({"2", "~"}).bytes();
  const auto move = decoded<UpdateMessage>(decoder, moved);
  EXPECT_TRUE(move.old_row_is_key);
  EXPECT_EQ(cells(move.old_row), (std::vector<Value>{Value::text("1"), Value::null()}));
  EXPECT_EQ(cells(move.new_row), (std::vector<Value>{Value::text("2"), Value::unchanged()}));

  const std::string gone = StreamBytes().byte('D').int32(9).byte('O').row({"1", "a"}).bytes();
  const auto removal = decoded<DeleteMessage>(decoder, gone);
  EXPECT_EQ(removal.relation, 9U);
  EXPECT_FALSE(removal.old_row_is_key);
  EXPECT_EQ(cells(removal.old_row), (std::vector<Value>{Value::text("1"), Value::text("a")}));
}

TEST(PgoutputDecoder, ReadsTruncations) {
  PgoutputDecoder decoder;
  const std::string frame = StreamBytes().byte('T').int32(2).byte(3).int32(16400).int32(16401).bytes();
  const auto truncation = decoded<TruncateMessage>(decoder, frame);
  EXPECT_EQ(std::vector<std::uint32_t>(truncation.relations.begin(), truncation.relations.end()),
            (std::vector<std::uint32_t>{16400, 16401}));
  EXPECT_TRUE(truncation.cascade);
  EXPECT_TRUE(truncation.restart_identity);
}

TEST(PgoutputDecoder, X5_MessagesOfOtherProtocolVersionsAreSwallowed) {
  PgoutputDecoder decoder;
  for (const char kind : std::string("YOMSEcAbPKrp")) {
    EXPECT_EQ(decoded<OtherMessage>(decoder, StreamBytes().byte(kind).int32(1).int32(2).bytes()).kind, kind);
    EXPECT_EQ(decoded<OtherMessage>(decoder, std::string(1, kind)).kind, kind);
  }
}

TEST(PgoutputDecoder, S20_EveryCutMessageIsRefusedWithItsOffset) {
  const std::vector<std::string> whole{
      begin_message(1),
      commit_message(1, 2),
      relation_message(1, "t", {"*id", "name"}),
      insert_message(1, {"1", std::nullopt, "~", "abc"}),
      StreamBytes().byte('U').int32(1).byte('K').row({"1"}).byte('N').row({"2"}).bytes(),
      StreamBytes().byte('D').int32(1).byte('O').row({"1", "a"}).bytes(),
      StreamBytes().byte('T').int32(2).byte(0).int32(1).int32(2).bytes(),
  };
  PgoutputDecoder decoder;
  for (const std::string& frame : whole) {
    EXPECT_NO_THROW(decoder.decode(frame));
    for (std::size_t size = 0; size < frame.size(); ++size) {
      // A copy of exactly this size, so that reading beyond it would be noticed.
      const std::string cut(frame.data(), size);
      EXPECT_THROW(decoder.decode(cut), MalformedMessage) << frame.front() << " cut at " << size;
    }
    EXPECT_THROW(decoder.decode(frame + 'x'), MalformedMessage) << frame.front();
  }
}

TEST(PgoutputDecoder, S20_LyingLengthsAllocateNothing) {
  PgoutputDecoder decoder;
  const std::vector<std::string> lies{
      StreamBytes().byte('T').int32(0xFFFFFFFFU).byte(0).int32(1).bytes(),
      StreamBytes().byte('R').int32(1).text("").text("t").byte('d').int16(0xFFFF).bytes(),
      StreamBytes().byte('I').int32(1).byte('N').int16(0xFFFF).byte('n').bytes(),
      StreamBytes().byte('I').int32(1).byte('N').int16(1).byte('t').int32(0xFFFFFFFFU).raw("abc").bytes(),
      StreamBytes().byte('I').int32(1).byte('N').int16(1).byte('t').int32(0x7FFFFFFFU).raw("abc").bytes(),
  };
  for (const std::string& lie : lies) EXPECT_THROW(decoder.decode(lie), MalformedMessage);
}

TEST(PgoutputDecoder, S20_UnknownKindsAndBinaryCellsAreRefused) {
  PgoutputDecoder decoder;
  EXPECT_THROW(decoder.decode(""), MalformedMessage);
  EXPECT_THROW(decoder.decode("Z"), MalformedMessage);
  EXPECT_THROW(decoder.decode(StreamBytes().byte('I').int32(1).byte('N').int16(1).byte('b').int32(1).raw("x").bytes()),
               MalformedMessage);
  EXPECT_THROW(decoder.decode(StreamBytes().byte('I').int32(1).byte('O').int16(0).bytes()), MalformedMessage);
  EXPECT_THROW(decoder.decode(StreamBytes().byte('D').int32(1).byte('N').int16(0).bytes()), MalformedMessage);
}

TEST(PgoutputDecoder, RefusalSaysWhereAndNeverWhat) {
  PgoutputDecoder decoder;
  try {
    decoder.decode(StreamBytes().byte('I').int32(1).byte('N').int16(1).byte('t').int32(99).raw("secret").bytes());
    FAIL();
  } catch (const MalformedMessage& refused) {
    EXPECT_STREQ(refused.what(),
                 "stream message of 19 bytes: as many bytes as a cell announced was expected at offset 13");
  }
}

}  // namespace
}  // namespace pgmirror::tests
