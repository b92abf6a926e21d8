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

class RepeatedStatements : public PipelinedCopy {
 protected:
  static constexpr Oid int4 = 23;
  static constexpr Oid text = 25;
  /// A unit of its own: the first cell, or the SQLSTATE.
  std::string ask(const std::string& sql, std::string_view parameter, Oid type) {
    pipeline_.send_repeated(sql, Parameters{}.text(parameter, type));
    pipeline_.end_unit();
    const Pipeline::Received received = next();
    EXPECT_EQ(received.answer, Answer::statement);
    EXPECT_EQ(next().answer, Answer::end_of_unit);
    const Result& result = received.result;
    if (PQresultStatus(result.native()) == PGRES_TUPLES_OK) return std::string(result.text(0, 0));
    return connection().error(result.native()).sqlstate();
  }
  std::string prepared() {
    pipeline_.send("SELECT count(*) FROM pg_prepared_statements", {});
    pipeline_.end_unit();
    std::string count(next().result.text(0, 0));
    EXPECT_EQ(next().answer, Answer::end_of_unit);
    return count;
  }
};

TEST_F(RepeatedStatements, ArePreparedTheSecondTime) {
  const std::string sql = "SELECT $1 + 1";
  EXPECT_EQ(ask(sql, "1", int4), "2");
  EXPECT_EQ(prepared(), "0");
  EXPECT_EQ(ask(sql, "2", int4), "3");
  EXPECT_EQ(ask(sql, "3", int4), "4");
  EXPECT_EQ(ask("SELECT $1 - 1", "3", int4), "2");
  EXPECT_EQ(prepared(), "1");
}

TEST_F(RepeatedStatements, OfOtherTypesAreOthers) {
  const std::string sql = "SELECT pg_typeof($1)";
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(ask(sql, "1", int4), "integer");
    EXPECT_EQ(ask(sql, "1", text), "text");
  }
  EXPECT_EQ(prepared(), "2");
}

TEST_F(RepeatedStatements, ThatCannotBePreparedAnswerWithTheReason) {
  const std::string sql = "SELECT a FROM t WHERE a = $1";
  Connection other(database_.mirror.connection, "other");
  other.execute("INSERT INTO public.t VALUES (1, 'one')");
  EXPECT_EQ(ask(sql, "1", int4), "1");
  other.execute("ALTER TABLE public.t RENAME TO u");
  EXPECT_EQ(ask(sql, "1", int4), "42P01");
  expect_usable();
}

TEST_F(RepeatedStatements, BehindAFailureAreSkippedWithIt) {
  EXPECT_EQ(ask("SELECT $1 + 1", "1", int4), "2");
  pipeline_.send("SELECT 1 / 0", {});
  pipeline_.send_repeated("SELECT $1 + 1", Parameters{}.text("1", int4));
  pipeline_.end_unit();
  EXPECT_EQ(sqlstate_next(), "22012");
  EXPECT_EQ(PQresultStatus(next().result.native()), PGRES_PIPELINE_ABORTED);
  EXPECT_EQ(next().answer, Answer::end_of_unit);
}

TEST_F(RepeatedStatements, KeepUpWithTheirTables) {
  const std::string sql = "SELECT b FROM t WHERE a = $1";
  Connection other(database_.mirror.connection, "other");
  other.execute("INSERT INTO public.t VALUES (1, 'one')");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(sql, "1", int4), "one");
  other.execute("ALTER TABLE public.t DROP COLUMN a; ALTER TABLE public.t ADD COLUMN a int DEFAULT 1");
  EXPECT_EQ(ask(sql, "1", int4), "one");
  other.execute(
      "DROP TABLE public.t; CREATE TABLE public.t (b text, a bigint); INSERT INTO public.t VALUES ('two', 1)");
  EXPECT_EQ(ask(sql, "1", int4), "two");
}

TEST_F(RepeatedStatements, AreManyAtMost) {
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 300; ++i) EXPECT_EQ(ask("SELECT $1 + " + std::to_string(i), "1", int4), std::to_string(1 + i));
  }
  EXPECT_EQ(prepared(), "200");
}

TEST_F(RepeatedStatements, CanBeForgotten) {
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 3; ++i) EXPECT_EQ(ask("SELECT $1 + 1", "1", int4), "2");
    EXPECT_EQ(prepared(), "1");
    pipeline_.forget_prepared();
    pipeline_.send("DEALLOCATE ALL", {});
    pipeline_.end_unit();
    expect_rest_of_unit();
    EXPECT_EQ(prepared(), "0");
  }
}

}  // namespace
}  // namespace pgmirror::libpq
