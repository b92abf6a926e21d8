#include <gtest/gtest.h>

#include "capture/postgres/backlog_statement.hpp"
#include "capture/postgres/backlog_steps.hpp"
#include "capture/postgres/backlog_turns.hpp"
#include "capture/postgres/frame_reader.hpp"

namespace pgmirror::tests {
namespace {

using namespace capture::postgres;
using namespace std::string_literals;
using Messages = std::vector<std::string>;

constexpr BacklogPace small_pace{.near = 10, .probe = 5000, .first = 100, .most = 400, .most_read = 5000};

std::optional<BacklogStep> next(BacklogSteps& steps, std::uint64_t written, std::uint64_t restart,
                                std::uint64_t log_end) {
  return steps.next({.passed = {written}, .restart = {restart}, .log_end = {log_end}});
}

BacklogStep step(std::uint64_t up_to, std::uint32_t messages) { return {.up_to = {up_to}, .messages = messages}; }

TEST(BacklogSteps, WhatIsNearIsForTheStream) {
  BacklogSteps steps(small_pace);
  EXPECT_EQ(next(steps, 1000, 900, 1009), std::nullopt);
  EXPECT_EQ(next(steps, 1000, 900, 990), std::nullopt);
  EXPECT_EQ(next(steps, 1000, 990, 1010), step(1010, 0));
}

TEST(BacklogSteps, TakePartsOfWhatIsLeftThatGrowSmaller) {
  BacklogSteps steps({.near = 10, .probe = 200, .part = 0.5, .first = 100, .most = 2000, .most_read = 5000});
  EXPECT_EQ(next(steps, 1000, 1000, 5000), step(1200, 100));
  steps.taken(100);
  EXPECT_EQ(next(steps, 1100, 1100, 5000), step(5000, 1950)) << "half of 3900";
  steps.taken(1950);
  EXPECT_EQ(next(steps, 3050, 3050, 5000), step(5000, 975));
  steps.taken(1900);
  EXPECT_EQ(next(steps, 4950, 4950, 5000), step(5000, 100)) << "not less than the first";
}

TEST(BacklogSteps, AreNoLargerThanTheLargest) {
  BacklogSteps steps(small_pace);
  EXPECT_EQ(next(steps, 1000, 1000, 5000), step(5000, 100));
  steps.taken(100);
  EXPECT_EQ(next(steps, 1050, 1050, 5000), step(5000, 400));
}

TEST(BacklogSteps, TakeTheRestWhereReadingAgainCostsMoreThanWaiting) {
  BacklogSteps steps({.near = 10, .probe = 200, .part = 0.5, .first = 100, .most = 2000, .most_read = 5000});
  EXPECT_EQ(next(steps, 1000, 1000, 2000), step(1200, 100));
  steps.taken(100);
  EXPECT_EQ(next(steps, 1100, 1000, 2000), step(2000, 450));
  steps.taken(450);
  EXPECT_EQ(next(steps, 1550, 1000, 2000), step(2000, 0)) << "550 bytes are read again for 450";
  steps.taken(440);
  EXPECT_EQ(next(steps, 1990, 1000, 2000), std::nullopt);
}

TEST(BacklogSteps, PassWhatBringsNoCommitInOneGo) {
  BacklogSteps steps(small_pace);
  EXPECT_EQ(next(steps, 1000, 900, 9000), step(5900, 100)) << "no further than may be read at once";
  steps.taken(0);
  EXPECT_EQ(next(steps, 5900, 5800, 19000), step(10800, 100));
  steps.taken(0);
  EXPECT_EQ(next(steps, 10800, 10700, 30000), step(15700, 0));
  steps.taken(500);
  EXPECT_EQ(next(steps, 15700, 15600, 30000), step(20600, 333)) << "goes on in ordinary steps";
}

TEST(BacklogSteps, LeaveAnOldTransactionToTheStream) {
  BacklogSteps steps(small_pace);
  EXPECT_EQ(next(steps, 8000, 5100, 20000), step(10100, 0));
  steps.taken(50);
  EXPECT_EQ(next(steps, 10090, 5100, 20000), std::nullopt);
}

TEST(BacklogSteps, ReadInOneGoWhatIsLittleBesideWhatIsReadAgain) {
  BacklogSteps little(small_pace);
  EXPECT_EQ(next(little, 1000, 900, 1399), step(1399, 0));
  BacklogSteps more(small_pace);
  EXPECT_EQ(next(more, 1000, 900, 1400), step(1400, 100));
}

TEST(BacklogSteps, ReadALargeTransactionInOneGo) {
  BacklogSteps steps({.near = 10, .probe = 200, .first = 100, .most = 800, .most_read = 5000});
  EXPECT_EQ(next(steps, 1000, 900, 5000), step(1200, 100));
  steps.taken(0);
  EXPECT_EQ(next(steps, 1200, 900, 5000), step(2000, 100)) << "perhaps it was only a vacuum";
  steps.taken(0);
  EXPECT_EQ(next(steps, 2000, 1900, 5000), step(5000, 0)) << "with what lies behind it";
}

/// The stream reads it again as well, but once.
TEST(BacklogSteps, LeaveALittleBehindALargeTransactionToTheStream) {
  BacklogSteps steps(small_pace);
  EXPECT_EQ(next(steps, 1000, 900, 1500), step(1500, 100));
  steps.taken(90);
  EXPECT_EQ(next(steps, 3900, 900, 4200), std::nullopt);
  EXPECT_EQ(next(steps, 3900, 3800, 4200), step(4200, 0)) << "where the slot has moved";
}

constexpr BacklogPace pace_of_two{.near = 10,
                                  .probe = 200,
                                  .first = 100,
                                  .most_read = 5000,
                                  .worth_two = 1000,
                                  .most_for_two = 2000,
                                  .first_share = 0.5};

TEST(BacklogSplit, IsMadeWhereTransactionsEnd) {
  BacklogSteps steps(pace_of_two);
  const Backlog backlog{.passed = {1000}, .restart = {1000}, .log_end = {2500}};
  EXPECT_EQ(steps.split(backlog), std::nullopt) << "nothing is known of it";
  steps.next(backlog);
  steps.taken(0);
  EXPECT_EQ(steps.split(backlog), std::nullopt) << "both would read all of one transaction";
  steps.next(backlog);
  steps.taken(1);
  EXPECT_EQ(steps.split(backlog), (BacklogSplit{.middle = {1750}, .end = {2500}}));
}

TEST(BacklogSplit, IsMadeOfMuchAndNotOfTooMuch) {
  BacklogSteps steps(pace_of_two);
  steps.taken(1);
  EXPECT_EQ(steps.split({.passed = {1000}, .restart = {1000}, .log_end = {1999}}), std::nullopt);
  EXPECT_EQ(steps.split({.passed = {1000}, .restart = {1000}, .log_end = {2000}}),
            (BacklogSplit{.middle = {1500}, .end = {2000}}));
  EXPECT_EQ(steps.split({.passed = {1000}, .restart = {1000}, .log_end = {9000}}),
            (BacklogSplit{.middle = {2000}, .end = {3000}}));
  EXPECT_EQ(steps.split({.passed = {4500}, .restart = {4200}, .log_end = {19000}}),
            (BacklogSplit{.middle = {5500}, .end = {6500}}));
  EXPECT_EQ(steps.split({.passed = {8500}, .restart = {8300}, .log_end = {9400}}), std::nullopt);
}

TEST(BacklogSplit, IsNotMadeWhereBothWouldReadMuchAgain) {
  BacklogSteps steps(pace_of_two);
  steps.taken(1);
  EXPECT_EQ(steps.split({.passed = {2000}, .restart = {1499}, .log_end = {9000}}), std::nullopt);
  EXPECT_NE(steps.split({.passed = {2000}, .restart = {1500}, .log_end = {9000}}), std::nullopt);
}

using Reader = BacklogTurns::Reader;
constexpr std::chrono::milliseconds at_once{0};

TEST(BacklogTurns, AreTakenInTheOrderOfTheLog) {
  BacklogTurns turns;
  EXPECT_EQ(turns.wait({}, at_once), std::nullopt);
  turns.add(Reader::first);
  turns.add(Reader::second);
  EXPECT_EQ(turns.wait({}, at_once), Reader::first);
  EXPECT_EQ(turns.wait({}, at_once), Reader::first) << "until all of it was taken";
  turns.taken();
  turns.end();
  EXPECT_EQ(turns.wait({}, at_once), Reader::second);
  EXPECT_FALSE(turns.ended());
  turns.taken();
  EXPECT_EQ(turns.wait({}, at_once), std::nullopt);
  EXPECT_TRUE(turns.ended());
}

TEST(BacklogTurns, EndForTheReaderThatWaitsForItsPart) {
  BacklogTurns turns;
  turns.hand_over({.middle = {1}, .end = {2}});
  turns.end();
  EXPECT_EQ(turns.wait_for_split(), (BacklogSplit{.middle = {1}, .end = {2}})) << "its turn is waited for";
  EXPECT_EQ(turns.wait_for_split(), std::nullopt);
}

TEST(BacklogStatement, QuotesWhatItIsGiven) {
  EXPECT_EQ(copy_backlog_sql("it's", {.up_to = {0x100000002}, .messages = 7}, {"a\"b", "c'd"}),
            "COPY (SELECT data FROM pg_catalog.pg_logical_slot_get_binary_changes('it''s', '1/2', 7,"
            " 'proto_version', '1', 'publication_names', '\"a\"\"b\",\"c''d\"')) TO STDOUT (FORMAT binary)");
}

const std::string header = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"s;

Messages messages_of(const std::string& bytes, bool first) {
  Messages messages;
  each_copied_message(bytes, first, [&](std::string_view message) { messages.emplace_back(message); });
  return messages;
}

TEST(CopiedMessages, FollowTheHeader) {
  EXPECT_EQ(messages_of(header + "\0\1\0\0\0\3abc"s, true), Messages{"abc"});
  EXPECT_EQ(messages_of("\0\1\0\0\0\1a\0\1\0\0\0\0"s, false), (Messages{"a", ""}));
}

TEST(CopiedMessages, EndWithTheCopy) {
  const auto ends = [](const std::string& bytes, bool first) {
    return each_copied_message(bytes, first, [](std::string_view) { ADD_FAILURE() << "a message of nothing"; });
  };
  EXPECT_TRUE(ends(header + "\377\377"s, true)) << "nothing was behind";
  EXPECT_TRUE(ends("\377\377"s, false));
  EXPECT_FALSE(ends(header, true));
}

TEST(CopiedMessages, RefuseWhatIsNone) {
  EXPECT_THROW(messages_of("PGCOPX\n\377\r\n\0\0\0\0\0\0\0\0\0"s, true), MalformedMessage);
  EXPECT_THROW(messages_of("\0\1\0\0\0\4abc"s, false), MalformedMessage);
  EXPECT_THROW(messages_of("\0\2\0\0\0\1a\0\0\0\1b"s, false), MalformedMessage);
  EXPECT_THROW(messages_of("\0\1\377\377\377\377"s, false), MalformedMessage) << "NULL is no message";
  EXPECT_THROW(messages_of("\377\377\0\1"s, false), MalformedMessage);
}

}  // namespace
}  // namespace pgmirror::tests
