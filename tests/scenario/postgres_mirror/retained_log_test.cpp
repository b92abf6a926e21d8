#include <nlohmann/json.hpp>

#include "tests/scenario/postgres_mirror/hostile_mirror.hpp"

namespace pgmirror::tests {
namespace {

ThrowawayPostgres& server_with_little_patience() {
  static ThrowawayPostgres cluster({.settings = {{"max_slot_wal_keep_size", "96MB"}}});
  return cluster;
}

ThrowawayPostgres& server_that_cannot_decode() {
  static ThrowawayPostgres cluster({.settings = {{"wal_level", "replica"}}});
  return cluster;
}

nlohmann::json status_of(DatabaseAndMirror& pair) {
  return nlohmann::json::parse(pair.program().command({"status", "--json"}).output);
}

std::string troubles_of(DatabaseAndMirror& pair) { return status_of(pair)["troubles"].dump(); }

class LogBehindASlot : public HostileMirror {
 protected:
  LogBehindASlot() : HostileMirror(server_with_little_patience(), shared_postgres()) {}
  void write_log(int megabytes) {
    tell_source("SELECT pg_logical_emit_message(false, 'x', repeat('x', 1048576)) FROM generate_series(1, " +
                std::to_string(megabytes) + ")");
  }
};

TEST_F(LogBehindASlot, S18_IsShownAndAnAlarmBeforeTheServerGivesItUp) {
  mirror_first("CREATE TABLE t(id int PRIMARY KEY)");
  EXPECT_TRUE(eventually(20s, [&] { return status_of(pair_)["source"]["retained_bytes"].is_number(); }));
  EXPECT_EQ(status_of(pair_)["troubles"], nlohmann::json::array());
  EXPECT_NE(pair_.program().command({"status"}).output.find(", keeps "), std::string::npos);
  pair_.program().stop();
  EXPECT_EQ(troubles_of(pair_).find("gives it up"), std::string::npos);
  write_log(55);
  EXPECT_GT(status_of(pair_)["source"]["retained_bytes"].get<std::int64_t>(), 50 << 20);
  EXPECT_NE(troubles_of(pair_).find("gives it up at 96 MB"), std::string::npos) << troubles_of(pair_);
  const FinishedProgram health = pair_.program().command({"health"});
  EXPECT_EQ(health.end.exit_code, 1);
  EXPECT_NE(health.output.find("raise max_slot_wal_keep_size"), std::string::npos) << health.output;
}

/// Nobody reads the log of changes, and its owner looks for what fills the disk.
class LogOfTriggers : public HostileMirror {
 protected:
  LogOfTriggers() : HostileMirror(server_that_cannot_decode(), shared_postgres()) {
    pair_.program().set("MIRROR_CAPTURE_METHOD", "triggers");
  }
};

TEST_F(LogOfTriggers, ThatIsLargeIsNamedByDoctorStatusAndHealthWithoutAnAgent) {
  mirror_first("CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a')");
  EXPECT_TRUE(eventually(20s, [&] { return status_of(pair_)["source"]["retained_bytes"].is_number(); }));
  pair_.program().stop();
  const auto says = [&](const std::string& command) {
    return pair_.program().command({command}).output.find("grows with each change as long as no pgmirror reads it") !=
           std::string::npos;
  };
  for (const std::string command : {"doctor", "status", "health"}) EXPECT_FALSE(says(command)) << command;
  EXPECT_LT(status_of(pair_)["source"]["retained_bytes"].get<std::int64_t>(), 1 << 20);
  tell_source(
      "ALTER TABLE pgmirror.changes ALTER old SET STORAGE EXTERNAL; INSERT INTO pgmirror.changes (xid, relation, old)"
      " SELECT txid_current(), 't'::regclass, repeat('x', 4000000) FROM generate_series(1, 70)");
  EXPECT_GT(status_of(pair_)["source"]["retained_bytes"].get<std::int64_t>(), 256 << 20);
  for (const std::string command : {"doctor", "status", "health"}) EXPECT_TRUE(says(command)) << command;
  EXPECT_EQ(pair_.program().command({"health"}).end.exit_code, 1);
}

/// The log does not wait for the mirror: the queue has it.
TEST_F(LogOfTriggers, IsEmptiedWhileTheMirrorIsAway) {
  mirror_first("CREATE TABLE t(id int PRIMARY KEY, v text)");
  config::ConnectionSettings nowhere = pair_.mirror();
  nowhere.port = 1;
  pair_.program().stop();
  pair_.program().set_mirror(nowhere);
  pair_.program().start();
  tell_source("INSERT INTO t SELECT g, 'v' FROM generate_series(1, 1000) g");
  EXPECT_TRUE(eventually(30s, [&] { return ask_source("SELECT count(*) FROM pgmirror.changes") == "0"; }));
  pair_.program().stop();
  pair_.program().set_mirror(pair_.mirror());
  pair_.program().start();
  EXPECT_TRUE(pair_.becomes_same());
}

/// What somebody does whose disk is full.
TEST_F(LogOfTriggers, ThatWasEmptiedByHandIsNoticedAndHealed) {
  mirror_first(
      "CREATE TABLE t(id int PRIMARY KEY, v text); CREATE TABLE heap(v text); INSERT INTO t SELECT g, 'v' FROM"
      " generate_series(1, 100) g");
  pair_.program().stop();
  tell_source("UPDATE t SET v = 'w'; INSERT INTO heap VALUES ('a')");
  tell_source("TRUNCATE pgmirror.changes");
  pair_.program().start();
  EXPECT_TRUE(pair_.becomes_same());
  EXPECT_TRUE(pair_.logs("somebody has emptied the log of changes"));
  // While it runs as well.
  tell_source("BEGIN; UPDATE t SET v = 'x'; TRUNCATE pgmirror.changes; COMMIT");
  EXPECT_TRUE(pair_.becomes_same());
  tell_source("DELETE FROM t WHERE id < 50");
  EXPECT_TRUE(pair_.becomes_same());
}

/// A log of an earlier version does not note it: it is taught to at the start.
TEST_F(LogOfTriggers, OfAnEarlierVersionIsTaughtToNoteThatItIsEmptied) {
  mirror_first("CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a')");
  pair_.program().stop();
  tell_source("DROP TRIGGER pgmirror_truncate ON pgmirror.changes");
  pair_.program().start();
  EXPECT_TRUE(eventually(20s, [&] {
    return ask_source("SELECT count(*) FROM pg_trigger WHERE tgrelid = 'pgmirror.changes'::regclass") == "1";
  }));
  tell_source("UPDATE t SET v = 'b'");
  EXPECT_TRUE(pair_.becomes_same());
}

}  // namespace
}  // namespace pgmirror::tests
