#include <filesystem>

#include "tests/scenario/postgres_mirror/mirrored_database.hpp"
#include "tests/support/transaction_pooler.hpp"

namespace pgmirror::tests {
namespace {

/// A source whose slot or state is not what it was, and the command that heals it.
class SourceHealing : public testing::Test {
 protected:
  SourceHealing() {
    pair_.run("CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t SELECT g, g FROM generate_series(1, 1000) g");
    pair_.program().start();
    const auto copied = pair_.becomes_same();
    if (!copied) throw std::runtime_error(copied.message());
    pair_.run("INSERT INTO t VALUES (5000, 'streamed')");
    if (!pair_.becomes_same()) throw std::runtime_error("was not followed:\n" + pair_.program().log());
  }

  std::string ask(const std::string& sql) {
    pqxx::connection connection(connection_string(pair_.source()));
    return pqxx::nontransaction(connection).exec1(sql)[0].as<std::string>();
  }
  void drop_slot() {
    ask("SELECT count(pg_catalog.pg_drop_replication_slot(slot_name)) FROM pg_catalog.pg_replication_slots WHERE "
        "database = "
        "current_database()");
  }
  void expect_refusal(const std::string& reason) {
    pair_.program().start();
    EXPECT_EQ(pair_.program().wait(30s), (ProgramEnd{.exit_code = 78}));
    EXPECT_NE(pair_.program().log().find(reason), std::string::npos) << pair_.program().log();
  }
  void expect_healed_by_resync() {
    const FinishedProgram asked = pair_.program().command({"resync", "--all"});
    EXPECT_EQ(asked.end.exit_code, 1) << asked.output;
    EXPECT_NE(asked.output.find("--yes"), std::string::npos) << asked.output;
    const FinishedProgram ordered = pair_.program().command({"resync", "--all", "--yes"});
    EXPECT_EQ(ordered.end.exit_code, 0) << ordered.output;
    pair_.program().start();
    EXPECT_TRUE(pair_.becomes_same());
    pair_.run("UPDATE t SET v = 'after' WHERE id = 1");
    EXPECT_TRUE(pair_.becomes_same());
    EXPECT_EQ(pair_.program().command({"verify"}).end.exit_code, 0);
  }

  DatabaseAndMirror pair_;
};

TEST_F(SourceHealing, S7_DroppedSlotIsRefusedAndHealed) {
  EXPECT_EQ(pair_.program().stop(), ProgramEnd{});
  drop_slot();
  pair_.run("DELETE FROM t WHERE id < 100; INSERT INTO t VALUES (6000, 'unseen')");
  expect_refusal("is gone");
  expect_healed_by_resync();
}

TEST_F(SourceHealing, S7_SlotMadeAnewIsRefusedAndHealed) {
  EXPECT_EQ(pair_.program().stop(), ProgramEnd{});
  const std::string slot =
      ask("SELECT slot_name FROM pg_catalog.pg_replication_slots WHERE database = current_database()");
  drop_slot();
  pair_.run("DELETE FROM t WHERE id < 100");
  ask("SELECT pg_catalog.pg_create_logical_replication_slot('" + slot + "', 'pgoutput')");
  expect_refusal("beyond the queue's end");
  expect_healed_by_resync();
}

/// The mirror knows how far it is, and the slot still has what follows.
TEST_F(SourceHealing, A14_LostStateDirectoryGoesOnWhereTheSlotCoversIt) {
  EXPECT_EQ(pair_.program().stop(), ProgramEnd{});
  std::filesystem::remove_all(pair_.state_directory());
  pair_.run("DELETE FROM t WHERE id < 100; INSERT INTO t VALUES (6000, 'kept by the slot')");
  pair_.program().start();
  EXPECT_TRUE(pair_.becomes_same());
  EXPECT_EQ(pair_.program().log().find("resync"), std::string::npos) << pair_.program().log();
}

TEST_F(SourceHealing, TeardownLeavesNothingBehind) {
  EXPECT_EQ(pair_.program().stop(), ProgramEnd{});
  EXPECT_EQ(pair_.program().command({"teardown"}).end.exit_code, 1);
  EXPECT_EQ(ask("SELECT count(*) FROM pg_catalog.pg_publication"), "2");
  const FinishedProgram done = pair_.program().command({"teardown", "--yes"});
  EXPECT_EQ(done.end.exit_code, 0) << done.output;
  EXPECT_EQ(ask("SELECT count(*) FROM pg_catalog.pg_publication"), "0");
  EXPECT_EQ(ask("SELECT count(*) FROM pg_catalog.pg_replication_slots WHERE database = current_database()"), "0");
}

TEST(SourceBehindAPooler, IsRefusedWithTheRemedy) {
  DatabaseAndMirror pair;
  const TransactionPooler pooler(pair.source());
  const TemporaryDirectory directory;
  MirrorProgram program(pooler.settings(), pair.mirror(), directory / "state");
  program.start();
  EXPECT_EQ(program.wait(30s), (ProgramEnd{.exit_code = 78}));
  EXPECT_NE(program.log().find("a pooler answers there"), std::string::npos) << program.log();
}

TEST(SourceWithoutAFreeSlot, IsNotTheMirrorsFault) {
  ThrowawayPostgres server;
  DatabaseAndMirror pair(server, shared_postgres());
  pair.run("CREATE TABLE t(id int PRIMARY KEY); INSERT INTO t VALUES (1)");
  pair.program().start();
  ASSERT_TRUE(pair.becomes_same());
  pair.run(
      "DO $$ DECLARE free int := current_setting('max_replication_slots')::int - (SELECT count(*) FROM "
      "pg_replication_slots); BEGIN FOR i IN 1..free LOOP PERFORM pg_create_physical_replication_slot('taken_' || i);"
      " END LOOP; END $$");
  pair.run("CREATE TABLE fresh(id int PRIMARY KEY); INSERT INTO fresh VALUES (1)");
  EXPECT_TRUE(pair.logs("the source gives no snapshot"));
  EXPECT_EQ(pair.program().log().find("mirror is short of resources"), std::string::npos);
  pair.run("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name LIKE 'taken%'");
  EXPECT_TRUE(pair.becomes_same());
}

TEST(SourceDoctor, C12_ChangesNothing) {
  DatabaseAndMirror pair;
  pair.run("CREATE TABLE t(id int PRIMARY KEY); CREATE TABLE keyless(a int)");
  const FinishedProgram looked = pair.program().command({"doctor"});
  EXPECT_EQ(looked.end.exit_code, 0) << looked.output;
  EXPECT_NE(looked.output.find("keyless"), std::string::npos) << looked.output;
  pqxx::connection connection(connection_string(pair.source()));
  pqxx::nontransaction session(connection);
  EXPECT_EQ(session.exec1("SELECT count(*) FROM pg_catalog.pg_publication")[0].as<int>(), 0);
  EXPECT_EQ(session.exec1("SELECT count(*) FROM pg_catalog.pg_replication_slots WHERE database = current_database()")[0]
                .as<int>(),
            0);
  EXPECT_EQ(session.exec1("SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = 'pgmirror'")[0].as<int>(), 0);
}

}  // namespace
}  // namespace pgmirror::tests
