#include <gtest/gtest.h>

#include "libpq/pipeline.hpp"
#include "tests/scenario/postgres_sink/mirror_database.hpp"

namespace pgmirror::libpq {
namespace {

using namespace std::chrono_literals;
using Answer = Pipeline::Answer;

class PipelinedCopy : public testing::Test {
 protected:
  Connection& connection() { return database_.connection; }
  /// The answer to what was sent first.
  Pipeline::Received next() { return pipeline_.receive(60s); }
  std::uint64_t affected_next() { return next().result.affected(); }
  std::string sqlstate_next() { return connection().error(next().result.native()).sqlstate(); }
  /// One statement and the end of its unit.
  void expect_rest_of_unit() {
    EXPECT_EQ(next().answer, Answer::statement);
    EXPECT_EQ(next().answer, Answer::end_of_unit);
  }
  void expect_usable() {
    pipeline_.send("SELECT 7", {});
    pipeline_.end_unit();
    EXPECT_EQ(next().result.integer(0, 0), 7);
    EXPECT_EQ(next().answer, Answer::end_of_unit);
  }

  struct WithTable : tests::MirrorDatabase {
    WithTable() { connection.execute("CREATE TABLE t (a int CHECK (a <> 13), b text)"); }
  };
  WithTable database_;
  Pipeline pipeline_{database_.connection};
};

TEST_F(PipelinedCopy, StandsBetweenTheStatementsOfATransaction) {
  pipeline_.copy("BEGIN; SET LOCAL synchronous_commit = off; SELECT 1; COPY t FROM STDIN", "1\tone\n2\ttwo\n");
  EXPECT_TRUE(pipeline_.copying());
  const Pipeline::Received copied = next();
  EXPECT_EQ(copied.answer, Answer::statement);
  EXPECT_EQ(copied.result.affected(), 2U);
  EXPECT_FALSE(pipeline_.copying());
  EXPECT_TRUE(connection().in_transaction());
  pipeline_.send("UPDATE t SET b = b || '!'", {});
  pipeline_.send("COMMIT", {});
  pipeline_.end_unit();
  EXPECT_EQ(affected_next(), 2U);
  expect_rest_of_unit();
  EXPECT_FALSE(connection().in_transaction());
  expect_usable();
}

TEST_F(PipelinedCopy, TakesMoreThanTheLineHolds) {
  constexpr int rows = 400'000;
  std::string data;
  for (int row = 0; row < rows; ++row) data += "1\t" + std::string(100, 'x') + "\n";
  pipeline_.copy("COPY t FROM STDIN", std::move(data));
  EXPECT_EQ(affected_next(), static_cast<std::uint64_t>(rows));
  expect_usable();
}

TEST_F(PipelinedCopy, HasNoAnswerWhileTheTableIsLocked) {
  Connection other(database_.mirror.connection, "other");
  other.execute("BEGIN; LOCK TABLE t IN SHARE MODE");
  pipeline_.copy("COPY t FROM STDIN", "1\tone\n");
  EXPECT_EQ(pipeline_.receive(50ms).answer, Answer::none);
  EXPECT_TRUE(pipeline_.outstanding());
  other.execute("COMMIT");
  EXPECT_EQ(affected_next(), 1U);
  expect_usable();
}

TEST_F(PipelinedCopy, OfNoRowsIsOne) {
  pipeline_.copy("COPY t FROM STDIN", "");
  EXPECT_EQ(affected_next(), 0U);
  expect_usable();
}

TEST_F(PipelinedCopy, TellsTheErrorOfAStatementBeforeIt) {
  pipeline_.copy("SELECT 1/0; COPY t FROM STDIN", "1\tone\n");
  EXPECT_EQ(sqlstate_next(), "22012");
  expect_usable();
}

TEST_F(PipelinedCopy, TellsTheErrorOfARow) {
  pipeline_.copy("BEGIN; COPY t FROM STDIN", "1\tone\n13\tnone\n");
  EXPECT_EQ(sqlstate_next(), "23514");
  pipeline_.send("ROLLBACK", {});
  pipeline_.end_unit();
  expect_rest_of_unit();
  expect_usable();
}

TEST_F(PipelinedCopy, TellsThatTheSessionWasEnded) {
  Connection other(database_.mirror.connection, "other");
  other.execute("BEGIN; LOCK TABLE t IN SHARE MODE");
  pipeline_.copy("COPY t FROM STDIN", "1\tone\n");
  ASSERT_EQ(pipeline_.receive(50ms).answer, Answer::none);
  other.execute("SELECT pg_terminate_backend(" + std::to_string(PQbackendPID(connection().native())) + ", 30000)");
  try {
    EXPECT_TRUE(connection().error(next().result.native()).connection_lost());
  } catch (const DatabaseError& error) {
    EXPECT_TRUE(error.connection_lost()) << error.what();
  }
}

TEST_F(PipelinedCopy, IsRefusedBehindAStatementWithoutAnAnswer) {
  pipeline_.send("SELECT 1", {});
  EXPECT_THROW(pipeline_.copy("COPY t FROM STDIN", "1\tone\n"), std::logic_error);
  pipeline_.end_unit();
  expect_rest_of_unit();
}

}  // namespace
}  // namespace pgmirror::libpq
