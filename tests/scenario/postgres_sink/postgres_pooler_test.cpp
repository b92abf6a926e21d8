#include <gtest/gtest.h>

#include "libpq/database_transaction.hpp"
#include "sinks/postgres/checkpoint.hpp"
#include "sinks/postgres/control_schema.hpp"
#include "sinks/postgres/initial_copy.hpp"
#include "tests/scenario/postgres_sink/hand_made_snapshot.hpp"
#include "tests/scenario/postgres_sink/mirror_database.hpp"
#include "tests/support/throwaway_postgres.hpp"
#include "tests/support/transaction_pooler.hpp"

namespace pgmirror::sinks::postgres {
namespace {

using change::TypeFamily;
using tests::column;
using tests::integer;
using tests::table_with_id;
using tests::text;

TEST(TransactionPooler, CarriesSchemaCopyAndCheckpoint) {
  const tests::TransactionPooler pooler(tests::shared_postgres().create_database());
  libpq::Connection connection(pooler.settings(), "test");
  create_control_schema(connection);
  const Checkpoint claimed = claim_checkpoint(connection, "mirror", {"source-one"});
  config::Mirror mirror;
  mirror.connection = pooler.settings();
  const SchemaBuilder builder(mirror);
  tests::HandMadeSnapshot snapshot;
  change::Relation relation = table_with_id("t", {column("v", "TEXT", TypeFamily::text)});
  change::Index index;
  index.name = "t_v";
  index.columns = {"v"};
  index.definition = "CREATE INDEX t_v ON t (v)";
  relation.indexes = {index};
  snapshot.add(relation, 100000, [](std::uint64_t number) -> tests::Row {
    return {integer(static_cast<std::int64_t>(number)), number % 1000 == 0 ? tests::blob("x") : text("v")};
  });
  builder.prepare(connection, snapshot);
  const InitialCopy::Outcome outcome = InitialCopy(builder, claimed.epoch).run(connection, snapshot, {});
  EXPECT_EQ(outcome.rows, 100000U);
  EXPECT_EQ(outcome.odd_values, 100U);
  EXPECT_EQ(builder.build_indexes(connection, snapshot.relations()).indexes_created, 1U);
  advance_checkpoint(connection, "mirror", claimed.epoch, change::Position{0}, snapshot.position(), std::nullopt);
  EXPECT_EQ(read_checkpoint(connection, "mirror")->position, snapshot.position());
}

TEST(TransactionPooler, MeetsNoSettingsOfTheTransactionBefore) {
  const tests::TransactionPooler pooler(tests::shared_postgres().create_database());
  libpq::Connection first(pooler.settings(), "first");
  {
    libpq::DatabaseTransaction transaction(first);
    first.execute("SET LOCAL session_replication_role = replica; SET LOCAL synchronous_commit = off");
    transaction.commit();
  }
  // The pool has handed the same session out again.
  libpq::Connection second(pooler.settings(), "second");
  EXPECT_EQ(second.execute("SHOW session_replication_role").text(0, 0), "origin");
  EXPECT_EQ(second.execute("SHOW synchronous_commit").text(0, 0), "on");
  EXPECT_EQ(second.execute("SHOW search_path").text(0, 0), "\"$user\", public");
}

}  // namespace
}  // namespace pgmirror::sinks::postgres
