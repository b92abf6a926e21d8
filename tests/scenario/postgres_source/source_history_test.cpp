#include <gtest/gtest.h>

#include <fstream>

#include "tests/scenario/postgres_source/followed_server.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/eventually.hpp"

namespace pgmirror::tests {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

constexpr const char* plain_table = "CREATE TABLE t (id int PRIMARY KEY)";

testing::AssertionResult says(const std::string& message, const std::string& part) {
  if (message.find(part) != std::string::npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "\"" << message << "\" does not say \"" << part << "\"";
}

void copy_directory(const std::filesystem::path& from, const std::filesystem::path& to) {
  ASSERT_EQ(run_program({.arguments = {"rm", "-rf", to}}).end, ProgramEnd{});
  ASSERT_EQ(run_program({.arguments = {"cp", "-a", from, to}}).end, ProgramEnd{});
}

/// A server that was followed for one row, and stopped being followed.
struct OnceFollowed {
  ThrowawayPostgres server;
  FollowedServer followed{server};
  OnceFollowed() {
    followed.sql(plain_table);
    followed.start();
    followed.sql("INSERT INTO t VALUES (1)");
    EXPECT_EQ(followed.new_changes(), Lines{"insert t [1]"});
    followed.stop_and_free_slot();
  }
};

TEST(PostgresSource, S6_LostSlotIsNamed) {
  ThrowawayPostgres server({.settings = {{"max_slot_wal_keep_size", "1MB"}, {"max_wal_size", "32MB"}}});
  FollowedServer followed(server);
  followed.sql(plain_table);
  followed.start();
  followed.stop();
  for (int segment = 0; segment < 4; ++segment) {
    followed.sql("INSERT INTO t SELECT i FROM generate_series(1, 100000) i; TRUNCATE t");
    followed.sql("SELECT pg_switch_wal()");
  }
  followed.sql("CHECKPOINT");
  EXPECT_TRUE(says(followed.refusal_at_start(), "is lost: the server removed log that it needs"));
}

TEST(PostgresSource, S7_DroppedSlotIsNamedAndNotMadeAgain) {
  OnceFollowed once;
  once.followed.sql("SELECT pg_drop_replication_slot('" + once.followed.slot() + "')");
  EXPECT_TRUE(says(once.followed.refusal_at_start(), "is gone, so commits may be missing"));
  EXPECT_EQ(once.followed.sql("SELECT count(*) FROM pg_replication_slots"), "0");
}

TEST(PostgresSource, S7_SlotMadeAnewByAnotherIsRefused) {
  OnceFollowed once;
  once.followed.sql("SELECT pg_drop_replication_slot('" + once.followed.slot() + "')");
  once.followed.sql("INSERT INTO t VALUES (2)");
  once.followed.sql("SELECT pg_create_logical_replication_slot('" + once.followed.slot() + "', 'pgoutput')");
  EXPECT_TRUE(says(once.followed.refusal_at_start(), "beyond the queue's end"));
}

TEST(PostgresSource, S7_SlotDroppedWhileItIsFollowedEndsTheRun) {
  FollowedServer followed;
  followed.sql(plain_table);
  followed.start();
  followed.sql("INSERT INTO t VALUES (1)");
  EXPECT_EQ(followed.new_changes(), Lines{"insert t [1]"});
  EXPECT_TRUE(eventually(30s, [&] {
    followed.sql("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '" +
                 followed.slot() + "'");
    try {
      followed.sql("SELECT pg_drop_replication_slot('" + followed.slot() + "')");
      return true;
    } catch (const std::exception&) {
      return false;
    }
  }));
  EXPECT_TRUE(says(followed.wait_for_refusal(), "is gone, so commits may be missing"));
}

TEST(PostgresSource, S7_SlotOfSomethingElseIsRefused) {
  FollowedServer followed;
  followed.sql("SELECT pg_create_logical_replication_slot('" + followed.slot() + "', 'test_decoding')");
  EXPECT_TRUE(says(followed.refusal_at_start(), "belongs to something else"));
}

TEST(PostgresSource, S9_SlotMadeBeforeACrashIsFoundAgain) {
  FollowedServer followed;
  followed.sql(plain_table);
  // The agent died before its queue had anything.
  EXPECT_EQ(followed.refusal_at_start(), "");
  followed.sql("INSERT INTO t VALUES (1)");
  followed.start();
  EXPECT_EQ(followed.new_changes(), Lines{"insert t [1]"});
  EXPECT_EQ(followed.sql("SELECT count(*) FROM pg_replication_slots WHERE database = current_database()"), "1");
}

TEST(PostgresSource, S9_CrashBetweenPublicationAndSlot) {
  FollowedServer followed;
  followed.sql(plain_table);
  EXPECT_EQ(followed.refusal_at_start(), "");
  followed.sql("SELECT pg_drop_replication_slot('" + followed.slot() + "')");
  followed.start();
  followed.sql("INSERT INTO t VALUES (1)");
  EXPECT_EQ(followed.new_changes(), Lines{"insert t [1]"});
}

TEST(PostgresSource, S13_PromotedServerIsRefused) {
  OnceFollowed once;
  once.server.set("restore_command", "'/bin/false'");
  once.server.set("recovery_target_timeline", "'current'");
  once.server.stop();
  std::ofstream(once.server.data_directory() / "recovery.signal").close();
  once.server.start();
  EXPECT_TRUE(eventually(30s, [&] { return once.followed.sql("SELECT pg_is_in_recovery()") == "f"; }));
  EXPECT_TRUE(says(once.followed.refusal_at_start(), "is on timeline 2 now"));
}

TEST(PostgresSource, S14_SourceRestoredFromABackupIsRefused) {
  OnceFollowed once;
  const TemporaryDirectory backup;
  once.server.stop();
  copy_directory(once.server.data_directory(), backup / "data");
  once.server.start();
  once.followed.start();
  once.followed.sql("INSERT INTO t SELECT generate_series(2, 1000)");
  EXPECT_EQ(once.followed.new_changes().size(), 999U);
  once.followed.stop();
  once.server.stop();
  copy_directory(backup / "data", once.server.data_directory());
  once.server.start();
  EXPECT_TRUE(says(once.followed.refusal_at_start(), "restored from a backup"));
}

TEST(PostgresSource, S14_SourceRestoredWhileItIsFollowedEndsTheRun) {
  OnceFollowed once;
  const TemporaryDirectory backup;
  once.server.stop();
  copy_directory(once.server.data_directory(), backup / "data");
  once.server.start();
  once.followed.start();
  once.followed.sql("INSERT INTO t SELECT generate_series(2, 1000)");
  EXPECT_EQ(once.followed.new_changes().size(), 999U);
  once.server.stop();
  copy_directory(backup / "data", once.server.data_directory());
  once.server.start();
  EXPECT_TRUE(says(once.followed.wait_for_refusal(), "restored from a backup"));
}

TEST(PostgresSource, S15_AnotherClusterIsRefused) {
  OnceFollowed once;
  const std::string known = once.followed.identity->text;
  once.followed.identity->text = "postgresql:1" + known.substr(known.find('/'));
  EXPECT_TRUE(says(once.followed.refusal_at_start(), "another database cluster"));
}

TEST(PostgresSource, S15_DatabaseMadeAnewUnderTheSameNameIsRefused) {
  OnceFollowed once;
  once.followed.administer("SELECT pg_drop_replication_slot('" + once.followed.slot() + "')");
  once.followed.administer("DROP DATABASE " + once.followed.direct.database);
  once.followed.administer("CREATE DATABASE " + once.followed.direct.database);
  EXPECT_TRUE(says(once.followed.refusal_at_start(), "was made anew"));
}

TEST(PostgresSource, S16_ServerWithoutLogicalLogIsRefusedWithTheRemedy) {
  ThrowawayPostgres server({.settings = {{"wal_level", "replica"}}});
  FollowedServer followed(server);
  EXPECT_TRUE(says(followed.refusal_at_start(), "ALTER SYSTEM SET wal_level = logical"));
}

TEST(PostgresSource, S16_ServerWithoutAFreeSlotIsRefusedWithTheRemedy) {
  ThrowawayPostgres server({.settings = {{"max_replication_slots", "1"}}});
  FollowedServer followed(server);
  followed.sql("SELECT pg_create_physical_replication_slot('other')");
  EXPECT_TRUE(says(followed.refusal_at_start(), "raise max_replication_slots"));
}

TEST(PostgresSource, S16_StandbyIsRefused) {
  OnceFollowed once;
  once.server.stop();
  std::ofstream(once.server.data_directory() / "standby.signal").close();
  once.server.start();
  EXPECT_TRUE(says(once.followed.refusal_at_start(), "this is a standby"));
  once.server.stop();
  std::filesystem::remove(once.server.data_directory() / "standby.signal");
  once.server.start();
}

TEST(PostgresSource, T27_DatabaseWithoutAnEncodingIsRefused) {
  FollowedServer followed;
  followed.administer("CREATE DATABASE raw ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0");
  followed.settings.connection.database = "raw";
  EXPECT_TRUE(says(followed.refusal_at_start(), "SQL_ASCII"));
  followed.administer("DROP DATABASE raw");
}

TEST(PostgresSource, A14_LostStateGoesOnWhereTheSlotIsNotFromNow) {
  OnceFollowed once;
  const change::Position confirmed = once.followed.confirmed();
  once.followed.sql("INSERT INTO t VALUES (2)");
  once.followed.identity.reset();
  once.followed.log().forget_after(0);
  once.followed.start();
  EXPECT_EQ(once.followed.source().queue_start(), confirmed);
  EXPECT_TRUE(eventually(30s, [&] { return !once.followed.log().changes().empty(); }));
  EXPECT_EQ(once.followed.log().changes(), Lines{"insert t [2]"});
}

TEST(PostgresSource, A15_StateRestoredFromAnOlderBackupIsRefused) {
  OnceFollowed once;
  const std::size_t backup = once.followed.log().durable().size();
  once.followed.start();
  once.followed.sql("INSERT INTO t VALUES (2)");
  EXPECT_EQ(once.followed.new_changes(), Lines{"insert t [2]"});
  EXPECT_TRUE(eventually(30s, [&] { return once.followed.confirmed() == once.followed.log().end(); }));
  once.followed.stop();
  once.followed.log().forget_after(backup);
  EXPECT_TRUE(says(once.followed.refusal_at_start(), "restored from an older backup"));
}

TEST(PostgresSource, V6_PublicationMadeAnewIsRefused) {
  FollowedServer followed;
  followed.sql(plain_table);
  followed.start();
  EXPECT_EQ(followed.new_changes(), Lines{});
  const std::string publication = followed.slot();
  followed.sql("INSERT INTO t VALUES (1); DROP PUBLICATION " + publication);
  followed.sql("INSERT INTO t VALUES (2)");
  followed.sql("CREATE PUBLICATION " + publication + " FOR TABLE t");
  EXPECT_TRUE(says(followed.wait_for_refusal(), "publication"));
}

TEST(PostgresSource, TeardownLeavesNothingOnTheServer) {
  OnceFollowed once;
  capture::postgres::teardown(once.followed.settings);
  EXPECT_EQ(once.followed.sql("SELECT count(*) FROM pg_replication_slots"), "0");
  EXPECT_EQ(once.followed.sql("SELECT count(*) FROM pg_publication"), "0");
  capture::postgres::teardown(once.followed.settings);
}

}  // namespace
}  // namespace pgmirror::tests
