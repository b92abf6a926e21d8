#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <pqxx/pqxx>

#include "tests/scenario/mirrored_store.hpp"
#include "tests/support/connection_text.hpp"
#include "tests/support/file_text.hpp"

namespace pgmirror::tests {
namespace {

using nlohmann::json;

constexpr int failure = 1;
constexpr int usage = 64;
constexpr int temporary_failure = 75;

/// The commands around an agent that mirrors a small shop.
class Commands : public MirroredStore {
 protected:
  Commands() {
    application_.exec(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);"
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, user INTEGER REFERENCES users (id));"
        "INSERT INTO users VALUES (1, 'Ada'); INSERT INTO orders VALUES (1, 1)");
  }
  void start_and_catch_up() {
    program_.start();
    ASSERT_TRUE(becomes_same());
  }
  json status() { return json::parse(program_.command({"status", "--json"}).output); }
  json mirror_status() { return status()["mirrors"][0]; }
  std::int64_t count(const std::string& what) {
    pqxx::connection connection(connection_string(mirror_));
    return pqxx::nontransaction(connection).exec1("SELECT count(*) FROM " + what)[0].as<std::int64_t>();
  }
  void tell(const std::string& sql) {
    pqxx::connection connection(connection_string(mirror_));
    pqxx::nontransaction(connection).exec(sql);
  }
  static bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
};

TEST_F(Commands, StatusSaysWhatTheAgentDoes) {
  start_and_catch_up();
  ASSERT_TRUE(eventually(30s, [&] { return mirror_status()["state"] == "streaming"; })) << status().dump(2);
  const json now = status();
  EXPECT_TRUE(now["agent"]["running"].get<bool>());
  EXPECT_EQ(now["agent"]["pid"], program_.pid());
  EXPECT_TRUE(now["healthy"].get<bool>()) << now["troubles"];
  EXPECT_EQ(now["mirrors"][0]["lag_seconds"], 0.0);
  EXPECT_EQ(now["mirrors"][0]["tables"].size(), 2U);
  const auto text = program_.command({"status"});
  EXPECT_EQ(text.end, ProgramEnd{});
  EXPECT_TRUE(holds(text.output, "streaming, up to date")) << text.output;
  EXPECT_EQ(program_.command({"health"}).end, ProgramEnd{});
}

TEST_F(Commands, StatusWithoutAnAgentTellsWhatIsKnown) {
  start_and_catch_up();
  application_.exec("INSERT INTO users VALUES (2, 'Bea')");
  ASSERT_TRUE(becomes_same());
  ASSERT_EQ(program_.stop(), ProgramEnd{});
  const auto finished = program_.command({"status", "--json"});
  EXPECT_EQ(finished.end.exit_code, temporary_failure);
  const json now = json::parse(finished.output);
  EXPECT_FALSE(now["agent"]["running"].get<bool>());
  EXPECT_EQ(now["mirrors"][0]["state"], "not_running");
  EXPECT_EQ(now["mirrors"][0]["position"], now["source"]["position"]);
  EXPECT_EQ(now["mirrors"][0]["lag_seconds"], 0.0) << "the mirror had everything that was captured";
  EXPECT_EQ(now["mirrors"][0]["tables"].size(), 2U);
  EXPECT_EQ(program_.command({"health"}).end.exit_code, failure);
}

TEST_F(Commands, PauseHoldsBackAndResumeCatchesUp) {
  start_and_catch_up();
  const auto paused = program_.command({"pause"});
  ASSERT_EQ(paused.end, ProgramEnd{}) << paused.output;
  ASSERT_TRUE(eventually(30s, [&] { return mirror_status()["state"] == "paused"; })) << status().dump(2);
  application_.exec("INSERT INTO users VALUES (2, 'Bea')");
  ASSERT_TRUE(eventually(30s, [&] { return mirror_status()["backlog"]["transactions"] == 1; })) << status().dump(2);
  EXPECT_EQ(count("users"), 1);
  ASSERT_EQ(program_.command({"resume"}).end, ProgramEnd{});
  EXPECT_TRUE(becomes_same());
}

TEST_F(Commands, OrdersForAMirrorThatIsNotThereAreRefused) {
  start_and_catch_up();
  const auto refused = program_.command({"pause", "miror"});
  EXPECT_EQ(refused.end.exit_code, usage);
  EXPECT_TRUE(holds(refused.output, "did you mean \"mirror\"?")) << refused.output;
  EXPECT_TRUE(eventually(30s, [&] { return mirror_status()["state"] == "streaming"; })) << status().dump(2);
}

TEST_F(Commands, ResyncMendsATableThatSomebodySpoiled) {
  start_and_catch_up();
  tell("DELETE FROM orders");
  tell("UPDATE users SET name = 'Eve'");
  const auto ordered = program_.command({"resync", "users", "public.orders"});
  ASSERT_EQ(ordered.end, ProgramEnd{}) << ordered.output << program_.log();
  EXPECT_TRUE(becomes_same());
  const auto refused = program_.command({"resync", "user"});
  EXPECT_EQ(refused.end.exit_code, usage);
  EXPECT_TRUE(holds(refused.output, "did you mean \"users\"?")) << refused.output;
}

TEST_F(Commands, ResyncAllStartsARunningMirrorOver) {
  start_and_catch_up();
  tell("DELETE FROM orders");
  tell("UPDATE users SET name = 'Eve'");
  ASSERT_EQ(program_.command({"resync", "--all"}).end, ProgramEnd{});
  EXPECT_TRUE(becomes_same());
  application_.exec("INSERT INTO users VALUES (2, 'Bea')");
  EXPECT_TRUE(becomes_same());
}

TEST_F(Commands, ResyncAllBringsALostStateDirectoryBack) {
  start_and_catch_up();
  ASSERT_EQ(program_.stop(), ProgramEnd{});
  std::filesystem::remove_all(directory_ / "state");
  application_.exec("INSERT INTO users VALUES (2, 'Bea')");
  const auto ordered = program_.command({"resync", "--all"});
  ASSERT_EQ(ordered.end, ProgramEnd{}) << ordered.output;
  program_.start();
  EXPECT_TRUE(becomes_same());
}

TEST_F(Commands, ResyncAllMovesDamagedStateAsideOnlyWithConsent) {
  start_and_catch_up();
  ASSERT_EQ(program_.stop(), ProgramEnd{});
  std::filesystem::remove_all(directory_ / "state" / "shadow");
  const auto refused = program_.command({"resync", "--all"});
  EXPECT_EQ(refused.end.exit_code, failure);
  EXPECT_TRUE(holds(refused.output, "--yes")) << refused.output;
  EXPECT_TRUE(std::filesystem::exists(directory_ / "state" / "queue"));
  const auto moved = program_.command({"resync", "--all", "--yes"});
  ASSERT_EQ(moved.end, ProgramEnd{}) << moved.output;
  EXPECT_TRUE(holds(moved.output, "queue.old-")) << moved.output;
  program_.start();
  EXPECT_TRUE(becomes_same());
}

TEST_F(Commands, ResyncAllBeginsAnewWhereTheShadowIsDamagedAndNobodyBlamesTheStore) {
  start_and_catch_up();
  ASSERT_EQ(program_.stop(), ProgramEnd{});
  const std::filesystem::path shadow = directory_ / "state" / "shadow" / "shadow.pages";
  std::string pages = file_text(shadow);
  constexpr std::size_t second_page = 8192 + 4096;
  ASSERT_GT(pages.size(), second_page);
  for (std::size_t i = second_page; i < pages.size(); ++i) pages[i] = static_cast<char>(pages[i] ^ 0x55);
  std::ofstream(shadow, std::ios::binary) << pages;
  application_.exec("UPDATE users SET name = 'Eve'");

  program_.start();
  ASSERT_TRUE(eventually(30s, [&] { return !program_.running(); }));
  EXPECT_TRUE(holds(program_.log(), "shadow: is damaged")) << program_.log();
  EXPECT_FALSE(holds(program_.log(), "integrity_check")) << program_.log();
  const auto ordered = program_.command({"resync", "--all", "--yes"});
  ASSERT_EQ(ordered.end, ProgramEnd{}) << ordered.output;
  program_.start();
  EXPECT_TRUE(becomes_same());
}

TEST_F(Commands, VerifyWithoutAnAgentSaysAtOnceWhyTheStoreCannotBeCaptured) {
  start_and_catch_up();
  ASSERT_EQ(program_.stop(), ProgramEnd{});
  application_.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  std::string pages = file_text(application_.file());
  constexpr std::size_t second_page = 4096;
  ASSERT_GT(pages.size(), second_page);
  for (std::size_t i = second_page; i < pages.size(); ++i) pages[i] = static_cast<char>(pages[i] ^ 0x55);
  std::ofstream(application_.file(), std::ios::binary) << pages;
  const auto verified = program_.command({"verify"});
  EXPECT_NE(verified.end, ProgramEnd{});
  EXPECT_TRUE(holds(verified.output, "integrity_check")) << verified.output;
}

/// What is left where the agent was killed while it made its queue for the first time.
TEST_F(Commands, ResyncAllNeedsNoConsentWhereTheQueueHasNotBegun) {
  const std::filesystem::path queue = directory_ / "state" / "queue";
  std::filesystem::create_directories(queue);
  std::ofstream(queue / "lock").flush();
  const auto ordered = program_.command({"resync", "--all"});
  EXPECT_EQ(ordered.end, ProgramEnd{}) << ordered.output;
  EXPECT_FALSE(holds(ordered.output, "moved")) << ordered.output;
  start_and_catch_up();
}

TEST_F(Commands, StatusShowsWhichTableIsCopiedAndWhichWait) {
  start_and_catch_up();
  // The rows are there before the indexes are, which would wait for the writer too.
  ASSERT_TRUE(eventually(30s, [&] { return mirror_status()["state"] == "streaming"; })) << status().dump(2);
  pqxx::connection connection(connection_string(mirror_));
  pqxx::work writer(connection);
  writer.exec("DELETE FROM orders; DELETE FROM users");  // holds both, so that the copy has to wait
  ASSERT_EQ(program_.command({"resync", "orders", "users"}).end, ProgramEnd{});
  ASSERT_TRUE(eventually(30s, [&] {
    const json copy = mirror_status()["copy"];
    return copy.is_object() && copy["table"].is_string();
  })) << status().dump(2);
  const json copy = mirror_status()["copy"];
  EXPECT_EQ(copy["rows"], 0);
  EXPECT_EQ(copy["all"]["rows"], 0);
  EXPECT_TRUE(copy["all"]["expected_rows"].is_number()) << copy;
  ASSERT_EQ(copy["waiting"].size(), 1U) << copy;
  EXPECT_NE(copy["waiting"][0], copy["table"]);
  const auto text = program_.command({"status"});
  EXPECT_TRUE(holds(text.output, "copying " + copy["table"].get<std::string>() + ": 0")) << text.output;
  EXPECT_TRUE(holds(text.output, "copied in all: 0 of ")) << text.output;
  EXPECT_TRUE(holds(text.output, "still to be copied: " + copy["waiting"][0].get<std::string>())) << text.output;
  writer.abort();
  EXPECT_TRUE(eventually(30s, [&] { return mirror_status()["copy"].is_null(); }));
}

TEST_F(Commands, TailPrintsTransactionsWithKeysOnly) {
  start_and_catch_up();
  application_.exec(
      "BEGIN; INSERT INTO users VALUES (2, 'Bea'); UPDATE users SET name = 'canary' WHERE id = 1; COMMIT");
  ASSERT_TRUE(becomes_same());
  const auto tail = program_.command({"tail"});
  EXPECT_EQ(tail.end, ProgramEnd{});
  EXPECT_TRUE(holds(tail.output, "begin\n")) << tail.output;
  EXPECT_TRUE(holds(tail.output, "insert users#2\n")) << tail.output;
  EXPECT_TRUE(holds(tail.output, "update users#1\n")) << tail.output;
  EXPECT_TRUE(holds(tail.output, "commit ")) << tail.output;
  EXPECT_FALSE(holds(tail.output, "canary")) << tail.output;
  EXPECT_TRUE(holds(program_.command({"tail", "--values"}).output, "name: 'canary'"));
  EXPECT_EQ(program_.command({"tail", "--from", "somewhere"}).end.exit_code, usage);
}

TEST_F(Commands, QueueIsLookedAtBesideTheAgent) {
  start_and_catch_up();
  application_.exec("INSERT INTO users VALUES (2, 'Bea')");
  ASSERT_TRUE(becomes_same());
  const auto info = program_.command({"queue", "info", "--json"});
  ASSERT_EQ(info.end, ProgramEnd{}) << info.output;
  EXPECT_TRUE(json::parse(info.output)["held"].get<bool>());
  EXPECT_EQ(json::parse(info.output)["segments"].back()["transactions"], 1);
  EXPECT_EQ(program_.command({"queue", "verify"}).end, ProgramEnd{});
}

TEST_F(Commands, QueueVerifyFindsDamage) {
  start_and_catch_up();
  // A block each: only damage before the last one can be told from a write that was cut short.
  for (int i = 2; i < 12; ++i) {
    application_.exec("INSERT INTO users VALUES (" + std::to_string(i) + ", 'x')");
    ASSERT_TRUE(becomes_same());
  }
  ASSERT_EQ(program_.stop(), ProgramEnd{});
  const json info = json::parse(program_.command({"queue", "info", "--json"}).output);
  const auto file = directory_ / "state" / "queue" / info["segments"][0]["file"].get<std::string>();
  std::string bytes = file_text(file);
  bytes[info["segments"][0]["stored_bytes"].get<std::size_t>() / 2] ^= 0x20;
  std::ofstream(file, std::ios::binary) << bytes;
  const auto verified = program_.command({"queue", "verify"});
  EXPECT_EQ(verified.end.exit_code, failure) << verified.output;
  EXPECT_TRUE(holds(verified.output, "DAMAGED")) << verified.output;
}

TEST_F(Commands, DoctorIsContentWithAGoodSetupAndWritesNothing) {
  const auto found = program_.command({"doctor", "--json"});
  EXPECT_EQ(found.end, ProgramEnd{}) << found.output;
  EXPECT_TRUE(json::parse(found.output)["healthy"].get<bool>()) << found.output;
  EXPECT_FALSE(std::filesystem::exists(directory_ / "state"));
  EXPECT_EQ(count("pg_namespace WHERE nspname = 'pgmirror'"), 0);
}

TEST_F(Commands, DoctorPrintsTheSqlThatMendsPrivileges) {
  tell("DROP ROLE IF EXISTS poor");
  tell("CREATE ROLE poor LOGIN");
  auto settings = mirror_;
  settings.user = "poor";
  program_.set_mirror(settings);
  const auto found = program_.command({"doctor"});
  EXPECT_EQ(found.end.exit_code, failure) << found.output;
  EXPECT_TRUE(holds(found.output, "may not create tables in schema public")) << found.output;
  tell(program_.command({"doctor", "--print-sql"}).output);
  const auto mended = program_.command({"doctor"});
  EXPECT_EQ(mended.end, ProgramEnd{}) << mended.output;
}

TEST_F(Commands, CheckConfigSaysWhatExcludingATableDoes) {
  program_.set("MIRROR_EXCLUDE_TABLES", "users");
  const auto checked = program_.command({"check-config"});
  EXPECT_EQ(checked.end, ProgramEnd{}) << checked.output;
  EXPECT_TRUE(holds(checked.output, "user refers to table users, which is excluded")) << checked.output;
}

/// As it does while a command leaves an order for the next agent.
TEST_F(Commands, AStateThatIsHeldForAMomentIsWaitedFor) {
  start_and_catch_up();
  ASSERT_EQ(program_.stop(), ProgramEnd{});
  const int held = ::open((directory_ / "state").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ASSERT_EQ(::flock(held, LOCK_EX), 0);
  const std::size_t before = program_.log().size();
  program_.start();
  ASSERT_TRUE(eventually(30s, [&] { return program_.log().find("Mirror DB", before) != std::string::npos; }));
  ::close(held);
  EXPECT_TRUE(eventually(30s, [&] { return program_.command({"health"}).end == ProgramEnd{}; })) << program_.log();
}

TEST_F(Commands, ASecondAgentOnTheSameStateLeavesTheFirstAlone) {
  start_and_catch_up();
  const auto second = program_.command({"run"});
  EXPECT_NE(second.end, ProgramEnd{});
  EXPECT_TRUE(holds(second.output, "another pgmirror runs on it")) << second.output;
  EXPECT_EQ(program_.command({"health"}).end, ProgramEnd{}) << "the first one's socket is still there";
}

TEST_F(Commands, HealthIsRedWhileTheMirrorIsAway) {
  auto settings = mirror_;
  settings.port = 1;
  program_.set_mirror(settings);
  program_.start();
  ASSERT_TRUE(eventually(30s, [&] { return holds(program_.command({"health"}).output, "mirror \"mirror\""); }))
      << program_.log();
  EXPECT_EQ(program_.command({"health"}).end.exit_code, failure);
}

}  // namespace
}  // namespace pgmirror::tests
