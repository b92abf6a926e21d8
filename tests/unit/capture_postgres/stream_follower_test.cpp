#include "capture/postgres/stream_follower.hpp"

#include <gtest/gtest.h>

#include "capture/postgres/frame_reader.hpp"
#include "capture/postgres/snapshot_definitions.hpp"
#include "tests/scenario/postgres_source/transaction_log.hpp"
#include "tests/unit/capture_postgres/stream_bytes.hpp"

namespace pgmirror::tests {
namespace {

using namespace capture::postgres;
using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

/// The table as the message describes it, all columns text; tables named `hidden` are not mirrored.
std::optional<StreamedRelation> describe(const RelationMessage& message) {
  if (message.name == "hidden") return std::nullopt;
  change::Relation relation;
  relation.schema = message.schema;
  relation.name = message.name;
  relation.identity = message.replica_identity == 'f' ? change::ReplicaIdentity::full : change::ReplicaIdentity::key;
  StreamedRelation streamed;
  for (const RelationMessage::Column& column : message.columns) {
    streamed.places.push_back(relation.columns.size());
    streamed.column_numbers.push_back(static_cast<int>(relation.columns.size()) + 1);
    if (column.identity) relation.key.push_back(relation.columns.size());
    relation.columns.push_back({.name = std::string(column.name), .declared_type = "text"});
  }
  streamed.relation = std::make_shared<const change::Relation>(std::move(relation));
  return streamed;
}

class StreamFollowerTest : public testing::Test {
 protected:
  StreamFollowerTest() {
    log.start_at({100});
    const std::string frame = relation_message(1, "t", {"*id", "name"});
    PgoutputDecoder decoder;
    relations.told(1, {.relation = *describe(std::get<RelationMessage>(decoder.decode(frame)))});
  }

  void take(const std::string& message) { follower.take(plugin_frame(message)); }
  void describe_t() { take(relation_message(1, "t", {"*id", "name"})); }
  /// One row in a transaction that ends at `end`.
  void one_row(std::uint64_t start, std::uint64_t end, const char* id) {
    take(begin_message(start));
    describe_t();
    take(insert_message(1, {id, "n"}));
    take(commit_message(start, end));
  }
  std::vector<std::uint64_t> positions() {
    follower.sync();
    std::vector<std::uint64_t> all;
    for (const auto& transaction : log.durable()) all.push_back(transaction.position.value);
    return all;
  }
  Lines changes() {
    follower.sync();
    return log.changes();
  }

  TransactionLog log;
  StreamRelations relations;
  PositionMarks marks;
  StreamFollower follower{log, {100}, relations, marks, describe, 1h};
};

TEST_F(StreamFollowerTest, CommitsAreKnownByTheirEnds) {
  one_row(110, 120, "1");
  one_row(120, 130, "2");
  EXPECT_EQ(positions(), (std::vector<std::uint64_t>{120, 130}));
  EXPECT_EQ(changes(), (Lines{"insert t [1|n]", "insert t [2|n]"}));
}

TEST_F(StreamFollowerTest, WhatTheServerSendsAgainIsDroppedByWholeCommits) {
  one_row(110, 120, "1");
  follower.begin_session();
  one_row(110, 120, "1");
  one_row(120, 130, "2");
  EXPECT_EQ(positions(), (std::vector<std::uint64_t>{120, 130}));
  EXPECT_EQ(changes(), (Lines{"insert t [1|n]", "insert t [2|n]"}));
}

TEST_F(StreamFollowerTest, RelationSentWithinADroppedCommitIsStillKnown) {
  one_row(110, 120, "1");
  follower.begin_session();
  one_row(110, 120, "1");
  take(begin_message(120));
  take(insert_message(1, {"2", "n"}));
  take(commit_message(120, 130));
  EXPECT_EQ(changes(), (Lines{"insert t [1|n]", "insert t [2|n]"}));
}

TEST_F(StreamFollowerTest, UnfinishedTransactionIsForgottenWithItsDefinitions) {
  take(begin_message(110));
  take(relation_message(1, "t", {"*id", "name", "extra"}));
  take(insert_message(1, {"1", "n", "x"}));
  follower.begin_session();
  take(begin_message(110));
  take(relation_message(1, "t", {"*id", "name", "extra"}));
  take(insert_message(1, {"1", "n", "x"}));
  take(commit_message(110, 120));
  EXPECT_EQ(changes(), (Lines{"schema t -> t(id,name,extra)", "insert t [1|n|x]"}));
}

TEST_F(StreamFollowerTest, CommitThatReachesAcrossTheQueuesEndIsNeverDropped) {
  // The queue ends at 100; a commit that began before and ends behind cannot be told apart from one it has.
  take(begin_message(90));
  EXPECT_THROW(take(commit_message(90, 110)), MalformedMessage);
}

TEST_F(StreamFollowerTest, TransactionsWithoutMirroredRowsWriteNothing) {
  take(begin_message(110));
  take(relation_message(2, "hidden", {"*id"}));
  take(insert_message(2, {"1"}));
  take(commit_message(110, 120));
  EXPECT_EQ(positions(), (std::vector<std::uint64_t>{}));
}

TEST_F(StreamFollowerTest, S4_IdleSourceMovesOnByEmptyTransactions) {
  StreamFollower eager(log, {100}, relations, marks, describe, 0ms);
  eager.take(keepalive_frame(200));
  eager.take(keepalive_frame(200));
  eager.take(keepalive_frame(150));
  eager.sync();
  EXPECT_EQ(log.end().value, 200U);
  EXPECT_EQ(log.durable().size(), 1U);
}

TEST_F(StreamFollowerTest, S5_KeepaliveInsideATransactionMovesNothing) {
  StreamFollower eager(log, {100}, relations, marks, describe, 0ms);
  eager.take(plugin_frame(begin_message(110)));
  eager.take(plugin_frame(relation_message(1, "t", {"*id", "name"})));
  eager.take(plugin_frame(insert_message(1, {"1", "n"})));
  eager.take(keepalive_frame(200, true));
  eager.tick();
  eager.sync();
  EXPECT_EQ(log.end().value, 100U);
  eager.take(plugin_frame(commit_message(110, 120)));
  eager.sync();
  EXPECT_EQ(log.end().value, 120U);
}

TEST_F(StreamFollowerTest, S2_KeepaliveThatWantsAReplyMovesTheEndAtOnce) {
  follower.take(keepalive_frame(200, false));
  EXPECT_EQ(positions(), (std::vector<std::uint64_t>{}));
  follower.take(keepalive_frame(200, true));
  EXPECT_EQ(positions(), (std::vector<std::uint64_t>{200}));
}

TEST_F(StreamFollowerTest, MarkIsMetExactlyBeforeTheNextCommit) {
  marks.want({.position = {105}});
  one_row(110, 120, "1");
  EXPECT_EQ(positions(), (std::vector<std::uint64_t>{105, 120}));
  EXPECT_FALSE(marks.any());
}

TEST_F(StreamFollowerTest, MarkIsMetExactlyByAKeepaliveThatWentFurther) {
  marks.want({.position = {105}});
  marks.want({.position = {107}});
  follower.take(keepalive_frame(104));
  EXPECT_EQ(positions(), (std::vector<std::uint64_t>{}));
  follower.take(keepalive_frame(110));
  EXPECT_EQ(positions(), (std::vector<std::uint64_t>{105, 107}));
}

TEST_F(StreamFollowerTest, MarkThatTheQueueHasPassedNeedsNothing) {
  one_row(110, 120, "1");
  marks.want({.position = {115}});
  follower.take(keepalive_frame(130));
  EXPECT_EQ(positions(), (std::vector<std::uint64_t>{120}));
  EXPECT_FALSE(marks.any());
}

TEST_F(StreamFollowerTest, NoteWaitsForItsPlaceAndGoesBeforeLaterCommits) {
  std::size_t told = 0;
  follower.add({.not_before = {115},
                .write = [](change::TransactionWriter& writer) { writer.sequence({.schema = "public", .name = "s"}); },
                .durable = [&told] { ++told; }});
  one_row(101, 110, "1");
  EXPECT_EQ(changes(), (Lines{"insert t [1|n]"}));
  EXPECT_EQ(told, 0U);
  one_row(116, 120, "2");
  EXPECT_EQ(changes(), (Lines{"insert t [1|n]", "sequence s", "insert t [2|n]"}));
  EXPECT_EQ(positions(), (std::vector<std::uint64_t>{110, 116, 120}));
  EXPECT_EQ(told, 1U);
}

/// A snapshot at `position` in which the columns of table 1 have exchanged their names.
class SnapshotOfExchangedColumns : public StreamFollowerTest {
 protected:
  std::shared_ptr<SnapshotDefinitions> snapshot_at(std::uint64_t position) {
    PgoutputDecoder decoder;
    const std::string frame = relation_message(1, "t", {"*name", "id"});
    const auto described = *describe(std::get<RelationMessage>(decoder.decode(frame)));
    auto snapshot = std::make_shared<SnapshotDefinitions>(
        change::Position{position},
        std::vector<FollowedTable>{
            {.oid = 1, .relation = described.relation, .column_numbers = described.column_numbers}});
    marks.want({.position = {position},
                .tell = [this, snapshot](change::TransactionWriter& writer) { snapshot->tell(relations, writer); },
                .met = [this, snapshot] { snapshot->compare(relations); }});
    return snapshot;
  }
  void exchanged_row(std::uint64_t start, std::uint64_t end) {
    take(begin_message(start));
    take(relation_message(1, "t", {"*name", "id"}));
    take(insert_message(1, {"n", "1"}));
    take(commit_message(start, end));
  }
  const std::set<std::string> none_{};
  const std::set<std::string> of_t_{"public.t"};
};

TEST_F(SnapshotOfExchangedColumns, IsToldOfWhereItStandsAndNotAgain) {
  const auto snapshot = snapshot_at(105);
  EXPECT_EQ(snapshot->untold(), of_t_) << "nobody knows yet";
  exchanged_row(110, 120);
  EXPECT_EQ(snapshot->untold(), none_);
  EXPECT_EQ(positions(), (std::vector<std::uint64_t>{105, 120}));
  EXPECT_EQ(changes(), (Lines{"schema t -> t(name,id) id=name name=id", "insert t [n|1]"}));
}

TEST_F(SnapshotOfExchangedColumns, DoesNotServeWhereTheQueueHasPassedIt) {
  one_row(110, 120, "1");
  const auto late = snapshot_at(115);
  follower.take(keepalive_frame(130));
  EXPECT_EQ(late->untold(), of_t_);
  EXPECT_EQ(changes(), (Lines{"insert t [1|n]", "schema t -> t(name,id) id=name name=id"})) << "for the next one";
  const auto next = snapshot_at(140);
  follower.take(keepalive_frame(150));
  EXPECT_EQ(next->untold(), none_);
}

TEST_F(SnapshotOfExchangedColumns, DoesNotServeWhereARowBehindItHasToldOfThem) {
  exchanged_row(110, 120);
  const auto late = snapshot_at(105);
  follower.take(keepalive_frame(130));
  EXPECT_EQ(late->untold(), of_t_);
  const auto next = snapshot_at(125);
  follower.take(keepalive_frame(140));
  EXPECT_EQ(next->untold(), none_);
  EXPECT_EQ(changes(), (Lines{"schema t -> t(name,id) id=name name=id", "insert t [n|1]"}));
}

/// Definitions that belong before the snapshot would be taken for older ones than what is told there.
TEST_F(SnapshotOfExchangedColumns, IsToldOfBehindWhatWaitsForAPlace) {
  follower.add({.not_before = {101}, .write = [](change::TransactionWriter& writer) {
                  writer.sequence({.schema = "public", .name = "s"});
                }});
  snapshot_at(105);
  follower.take(keepalive_frame(130));
  EXPECT_EQ(changes(), (Lines{"sequence s", "schema t -> t(name,id) id=name name=id"}));
}

/// A partitioned table's new name comes with no message of its own.
TEST_F(StreamFollowerTest, RowsOfATableThatIsNotDescribedAgainAreThoseOfTheNameThatTheCatalogTold) {
  const auto known_as = [](std::uint32_t table, const char* name) {
    PgoutputDecoder decoder;
    return *describe(std::get<RelationMessage>(decoder.decode(relation_message(table, name, {"*id", "name"}))));
  };
  const auto rows_of_both = [&](std::uint64_t start, const char* id, bool described) {
    take(begin_message(start));
    if (described) describe_t();
    take(insert_message(1, {id, "n"}));
    if (described) take(relation_message(2, "u", {"*id", "name"}));
    take(insert_message(2, {id, "n"}));
    take(commit_message(start, start + 9));
  };
  relations.told(2, {.relation = known_as(2, "u")});
  rows_of_both(101, "1", true);
  follower.add({.not_before = {115}, .write = [&](change::TransactionWriter& /*writer*/) {
                  relations.told(1, {.relation = known_as(1, "u"), .at = {115}});
                  relations.told(2, {.relation = known_as(2, "t"), .at = {115}});
                }});
  rows_of_both(116, "2", false);
  EXPECT_EQ(changes(), (Lines{"insert t [1|n]", "insert u [1|n]", "insert u [2|n]", "insert t [2|n]"}));
}

/// A partition has to stand in the mirror before its rows.
TEST_F(StreamFollowerTest, WhatRowsNeedGoesBeforeThemThoughThereIsNoPlaceBetween) {
  std::size_t told = 0;
  std::size_t asked = 0;
  follower.before_transactions([&](const BeginMessage&) {
    if (asked++ > 0) return;
    follower.add(
        {.not_before = {},
         .write = [](change::TransactionWriter& writer) { writer.sequence({.schema = "public", .name = "s"}); },
         .durable = [&told] { ++told; }});
  });
  take(begin_message(100));
  describe_t();
  take(insert_message(1, {"1", "n"}));
  // The line is lost here.
  follower.begin_session();
  EXPECT_EQ(told, 0U);
  one_row(100, 110, "1");
  EXPECT_EQ(changes(), (Lines{"sequence s", "insert t [1|n]"}));
  EXPECT_EQ(positions(), (std::vector<std::uint64_t>{110}));
  EXPECT_EQ(told, 1U);
  one_row(110, 120, "2");
  EXPECT_EQ(changes(), (Lines{"sequence s", "insert t [1|n]", "insert t [2|n]"}));
}

TEST_F(StreamFollowerTest, S20_MessagesThatFitNoTransactionAreRefused) {
  EXPECT_THROW(take(insert_message(1, {"1", "n"})), MalformedMessage);
  EXPECT_THROW(take(commit_message(110, 120)), MalformedMessage);
  take(begin_message(110));
  EXPECT_THROW(take(begin_message(110)), MalformedMessage);
  EXPECT_THROW(take(insert_message(77, {"1", "n"})), MalformedMessage);
  EXPECT_THROW(take(commit_message(111, 120)), MalformedMessage);
  EXPECT_THROW(take(commit_message(110, 110)), MalformedMessage);
  describe_t();
  EXPECT_THROW(take(insert_message(1, {"1"})), MalformedMessage);
  EXPECT_THROW(take(insert_message(1, {"1", "n", "x"})), MalformedMessage);
  follower.begin_session();
  one_row(110, 120, "1");
  EXPECT_EQ(changes(), (Lines{"insert t [1|n]"}));
}

TEST_F(StreamFollowerTest, X5_StrayMessagesOfOtherProtocolsChangeNothing) {
  take(begin_message(110));
  describe_t();
  take(StreamBytes().byte('A').int32(5).int32(6).bytes());
  take(insert_message(1, {"1", "n"}));
  take(StreamBytes().byte('M').byte(1).int64(0).text("p").int32(1).raw("x").bytes());
  take(commit_message(110, 120));
  EXPECT_EQ(changes(), (Lines{"insert t [1|n]"}));
}

}  // namespace
}  // namespace pgmirror::tests
