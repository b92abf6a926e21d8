#include <future>
#include <pqxx/pqxx>

#include "tests/scenario/mirrored_store.hpp"
#include "tests/support/connection_text.hpp"

namespace pgmirror::tests {
namespace {

constexpr ProgramEnd differences_found{2, 0};

class Verify : public MirroredStore {
 protected:
  Verify() {
    application_.exec(
        "CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT, size REAL, picture BLOB);"
        "CREATE TABLE log (line TEXT);"
        "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
        " INSERT INTO thing SELECT i, 'thing ' || i, i / 7.0, zeroblob(i % 20) FROM n;"
        "INSERT INTO log SELECT name FROM thing WHERE id % 10 = 0;");
    program_.start();
    if (!becomes_same()) throw std::runtime_error("the first copy failed:\n" + program_.log());
  }
  void spoil(const std::string& sql) {
    pqxx::connection connection(connection_string(mirror_));
    pqxx::nontransaction(connection).exec(sql);
  }
};

TEST_F(Verify, SaysThatBothSidesAreEqual) {
  const auto verified = program_.command({"verify"});
  EXPECT_EQ(verified.end, ProgramEnd{}) << verified.output << program_.log();
}

TEST_F(Verify, TakesNumbersWithoutEndForEqual) {
  application_.exec(
      "CREATE TABLE amount (id INTEGER PRIMARY KEY, v NUMERIC);"
      "INSERT INTO amount VALUES (1, 9e999), (2, -9e999), (3, 1.5e300), (4, 5e-324), (5, 0.0)");
  ASSERT_TRUE(becomes_same());
  const auto verified = program_.command({"verify"});
  EXPECT_EQ(verified.end, ProgramEnd{}) << verified.output << program_.log();
}

TEST_F(Verify, FindsAndMendsOnlyWhatDiffers) {
  spoil("UPDATE thing SET name = 'bent' WHERE id = 17");
  spoil("DELETE FROM thing WHERE id BETWEEN 100 AND 109");
  spoil("INSERT INTO thing (id, name) VALUES (99999, 'stray')");
  const auto found = program_.command({"verify"});
  EXPECT_EQ(found.end, differences_found) << found.output;
  EXPECT_NE(found.output.find("thing"), std::string::npos) << found.output;
  EXPECT_FALSE(same_content(application_.file(), mirror_)) << "verify alone must not change the mirror";

  spoil("CREATE TABLE public.untouched AS SELECT id, xmin::text AS version FROM thing WHERE id = 18");
  const auto mended = program_.command({"verify", "--repair"});
  EXPECT_TRUE(same_content(application_.file(), mirror_, "public", {.extra_tables = {"untouched"}})) << mended.output;
  EXPECT_EQ(program_.command({"verify"}).end, ProgramEnd{});
  pqxx::connection connection(connection_string(mirror_));
  EXPECT_TRUE(pqxx::nontransaction(connection)
                  .exec1("SELECT t.xmin::text = u.version FROM thing t JOIN untouched u USING (id)")[0]
                  .as<bool>())
      << "a row that was right must not be written again";
}

/// Differences everywhere in a table of more rows than are told apart at a time: none of the others may look surplus,
/// or a repair would delete them.
TEST_F(Verify, CountsDifferencesThatAreSpreadOverALargeTable) {
  application_.exec(
      "CREATE TABLE large (id INTEGER PRIMARY KEY, size INT);"
      "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 1500000)"
      " INSERT INTO large SELECT i, i FROM n;");
  ASSERT_EQ(program_.command({"verify"}).end, ProgramEnd{}) << program_.log();
  spoil("UPDATE large SET size = size + 1 WHERE id % 5 = 0");
  const auto found = program_.command({"verify"});
  EXPECT_EQ(found.end, differences_found) << found.output;
  EXPECT_NE(found.output.find("large: 0 rows missing, 0 too many, 300000 different"), std::string::npos)
      << found.output;
}

TEST_F(Verify, HappensByItselfWhereItIsAskedForRegularly) {
  ASSERT_EQ(program_.stop(), ProgramEnd{});
  program_.set("MIRROR_VERIFY_EVERY", "1s");
  program_.start();
  ASSERT_TRUE(logs("is equal to the source at"));
  spoil("DELETE FROM thing WHERE id = 17");
  ASSERT_TRUE(logs("table public.thing differs: 1 rows missing, 0 too many, 0 different"));
  EXPECT_NE(program_.command({"health"}).end, ProgramEnd{});
  EXPECT_EQ(program_.command({"verify", "--repair"}).end, ProgramEnd{});
  EXPECT_TRUE(eventually(30s, [&] { return program_.command({"health"}).end == ProgramEnd{}; })) << program_.log();
}

/// A large store without a write-ahead log is looked at a few times a second only.
TEST_F(Verify, SeesWhatWasCommittedTheMomentBefore) {
  ASSERT_EQ(program_.stop(), ProgramEnd{});
  application_.exec(
      "PRAGMA journal_mode = DELETE; CREATE TABLE ballast (id INTEGER PRIMARY KEY, body BLOB);"
      "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 15000)"
      " INSERT INTO ballast SELECT i, zeroblob(4000) FROM n;");
  program_.start();
  ASSERT_TRUE(becomes_same());
  for (int id = 5001; id <= 5005; ++id) {
    application_.exec("INSERT INTO thing (id) VALUES (" + std::to_string(id) + ")");
    const auto verified = program_.command({"verify"});
    EXPECT_EQ(verified.end, ProgramEnd{}) << verified.output;
    EXPECT_NE(verified.output.find("thing: equal, " + std::to_string(id) + " rows"), std::string::npos)
        << verified.output;
  }
}

/// A comparison that takes some seconds, since it may read little of the source at a time.
class SlowVerify : public Verify {
 protected:
  SlowVerify() {
    program_.stop();
    application_.exec(
        "CREATE TABLE ballast (id INTEGER PRIMARY KEY, body BLOB);"
        "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 700)"
        " INSERT INTO ballast SELECT i, randomblob(4000) FROM n;");
    program_.set("MIRROR_VERIFY_RATE", "512KiB");
    program_.start();
    if (!becomes_same()) throw std::runtime_error("the copy failed:\n" + program_.log());
  }
  /// Returns when it has begun to compare.
  std::future<FinishedProgram> begin() {
    auto verification = std::async(std::launch::async, [this] { return program_.command({"verify"}); });
    pqxx::connection connection(connection_string(mirror_));
    pqxx::nontransaction session(connection);
    const auto comparing = [&] {
      return session
          .exec1(
              "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database()"
              " AND application_name LIKE 'pgmirror worker %' AND xact_start < clock_timestamp() - interval '500 ms'")
              [0]
          .as<bool>();
    };
    if (!eventually(30s, comparing)) ADD_FAILURE() << "no comparison began\n" << program_.log();
    return verification;
  }
  static bool going_on(const std::future<FinishedProgram>& verification) {
    return verification.wait_for(0s) != std::future_status::ready;
  }
};

TEST_F(SlowVerify, DoesNotHoldUpWhatIsApplied) {
  auto verification = begin();
  application_.exec("UPDATE thing SET name = 'meanwhile'; DELETE FROM ballast WHERE id > 350");
  EXPECT_TRUE(becomes_same());
  EXPECT_TRUE(going_on(verification));
  const auto verified = verification.get();
  EXPECT_EQ(verified.end, ProgramEnd{}) << verified.output;
  EXPECT_NE(verified.output.find("ballast: equal, 700 rows"), std::string::npos) << verified.output;
}

TEST_F(SlowVerify, GivesWayToANewDefinitionAndIsMadeUpFor) {
  auto verification = begin();
  application_.exec("ALTER TABLE thing ADD COLUMN weight INTEGER NOT NULL DEFAULT 3");
  EXPECT_TRUE(becomes_same());
  EXPECT_TRUE(going_on(verification));
  const auto verified = verification.get();
  EXPECT_EQ(verified.end, ProgramEnd{}) << verified.output;
}

TEST_F(SlowVerify, DoesNotKeepTheProgramFromStopping) {
  auto verification = begin();
  EXPECT_EQ(program_.stop(), ProgramEnd{});
  EXPECT_NE(verification.get().end, ProgramEnd{});
}

TEST_F(Verify, HoldsWhileTheApplicationWorks) {
  for (int i = 0; i < 50; ++i) application_.exec("UPDATE thing SET size = size + 1 WHERE id % 50 = 3");
  const auto verified = program_.command({"verify"});
  EXPECT_EQ(verified.end, ProgramEnd{}) << verified.output;
}

}  // namespace
}  // namespace pgmirror::tests
