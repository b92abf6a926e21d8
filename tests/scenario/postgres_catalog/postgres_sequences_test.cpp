#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>

#include "capture/postgres/sequence_watch.hpp"
#include "tests/scenario/postgres_catalog/source_database.hpp"
#include "tests/support/temporary_directory.hpp"

namespace pgmirror::tests {
namespace {

TEST(PostgresSequences, D16_AreToldAgainWhenHalfOfTheMarginIsUsed) {
  SourceDatabase source;
  source.exec("CREATE TABLE t(id serial PRIMARY KEY)");
  const capture::postgres::RelationCatalog catalog = source.catalog();
  libpq::Connection session = source.session();
  const TemporaryDirectory directory;
  capture::postgres::SequenceWatch watch(directory / "sequences");
  EXPECT_TRUE(watch.poll(session, catalog).empty());
  source.exec("INSERT INTO t DEFAULT VALUES");
  const auto first = watch.poll(session, catalog);
  ASSERT_EQ(first.values.size(), 1U);
  EXPECT_EQ(first.values[0].value, 1001);
  const auto use = [&](int numbers) {
    source.exec("INSERT INTO t SELECT nextval('t_id_seq') FROM generate_series(1, " + std::to_string(numbers) + ")");
    return watch.poll(session, catalog);
  };
  for (int round = 0; round < 10; ++round) EXPECT_TRUE(use(49).empty());
  const auto second = use(49);
  ASSERT_EQ(second.values.size(), 1U);
  EXPECT_EQ(second.values[0].value, 1540);
  const auto busy = use(5000);
  ASSERT_EQ(busy.values.size(), 1U);
  EXPECT_EQ(busy.values[0].value, 540 + 5000 + 10 * 5000);
}

TEST(PostgresSequences, D16_AreSetBackWhereTheSourceSetsThemBack) {
  SourceDatabase source;
  source.exec(
      "CREATE TABLE t(id serial PRIMARY KEY, i int GENERATED ALWAYS AS IDENTITY);"
      "CREATE SEQUENCE round_and_round MAXVALUE 5 CYCLE; CREATE SEQUENCE down INCREMENT -2; INSERT INTO t SELECT FROM"
      " generate_series(1, 300); SELECT nextval('down') FROM generate_series(1, 300);"
      " SELECT nextval('round_and_round') FROM generate_series(1, 4)");
  const capture::postgres::RelationCatalog catalog = source.catalog();
  libpq::Connection session = source.session();
  const TemporaryDirectory directory;
  capture::postgres::SequenceWatch watch(directory / "sequences");
  const auto first = watch.poll(session, catalog);
  EXPECT_EQ(first.values.size(), 4U);
  EXPECT_TRUE(first.restarts.empty());
  source.exec("TRUNCATE t RESTART IDENTITY; SELECT setval('down', -7)");
  const auto restarted = watch.poll(session, catalog);
  EXPECT_TRUE(restarted.values.empty());
  ASSERT_EQ(restarted.restarts.size(), 3U);
  for (const auto& statement : restarted.restarts) {
    const std::string name = "'\"public\".\"" + statement.name + "\"'";
    EXPECT_TRUE(statement.sql.ends_with(statement.name == "down" ? "(" + name + "::pg_catalog.regclass, -2007)"
                                                                 : "to_regclass(" + name + ")), 1001)"))
        << statement.sql;
  }
  EXPECT_TRUE(watch.poll(session, catalog).empty());
  source.exec("SELECT nextval('round_and_round') FROM generate_series(1, 2)");
  EXPECT_TRUE(watch.poll(session, catalog).values.empty());
}

TEST(PostgresSequences, D16_SetBackWhileNobodyWatchedAreSetBackInTheMirror) {
  SourceDatabase source;
  source.exec(
      "CREATE TABLE t(id serial PRIMARY KEY, i int GENERATED ALWAYS AS IDENTITY); CREATE SEQUENCE alone;"
      "CREATE SEQUENCE anew; CREATE SEQUENCE unused; INSERT INTO t SELECT FROM generate_series(1, 300);"
      "SELECT nextval('alone'), nextval('anew') FROM generate_series(1, 300)");
  const TemporaryDirectory directory;
  libpq::Connection session = source.session();
  const auto watched = [&] {
    capture::postgres::SequenceWatch watch(directory / "sequences");
    auto news = watch.poll(session, source.catalog());
    watch.remember(news);
    return news;
  };
  EXPECT_EQ(watched().values.size(), 4U);
  EXPECT_TRUE(watched().restarts.empty());
  source.exec(
      "TRUNCATE t RESTART IDENTITY; SELECT setval('alone', 5); SELECT nextval('unused');"
      "DROP SEQUENCE anew; CREATE SEQUENCE anew; CREATE SEQUENCE come_and_gone; DROP SEQUENCE come_and_gone");
  const auto news = watched();
  std::map<std::string, std::string> restarts;
  for (const auto& statement : news.restarts) {
    restarts[statement.name] = statement.sql.substr(statement.sql.rfind(", ") + 2);
  }
  EXPECT_EQ(restarts, (std::map<std::string, std::string>{
                          {"t_id_seq", "1001)"}, {"t_i_seq", "1001)"}, {"alone", "1005)"}, {"anew", "1001)"}}));
  ASSERT_EQ(news.values.size(), 1U);
  EXPECT_EQ(news.values[0].name, "unused");
  EXPECT_TRUE(watched().restarts.empty());
}

TEST(PostgresSequences, D16_WhatWasNotRememberedIsToldAgain) {
  SourceDatabase source;
  source.exec("CREATE SEQUENCE s; SELECT setval('s', 500)");
  const TemporaryDirectory directory;
  libpq::Connection session = source.session();
  const auto watched = [&](bool remember) {
    capture::postgres::SequenceWatch watch(directory / "sequences");
    auto news = watch.poll(session, source.catalog());
    if (remember) watch.remember(news);
    return news.restarts.size();
  };
  EXPECT_EQ(watched(true), 0U);
  source.exec("SELECT setval('s', 7)");
  EXPECT_EQ(watched(false), 1U);
  EXPECT_EQ(watched(true), 1U);
  EXPECT_EQ(watched(true), 0U);
}

TEST(PostgresSequences, D16_AFileOfSomethingElseIsRefused) {
  const TemporaryDirectory directory;
  std::ofstream(directory / "sequences") << "12 x 3\n";
  EXPECT_THROW(capture::postgres::SequenceWatch(directory / "sequences"), std::runtime_error);
}

}  // namespace
}  // namespace pgmirror::tests
