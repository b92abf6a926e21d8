#include "tests/scenario/postgres_mirror/mirrored_database.hpp"

namespace pgmirror::tests {
namespace {

std::size_t occurrences(const std::string& text, std::string_view what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + what.size())) ++count;
  return count;
}

TEST(KilledInBacklog, LosesAndRepeatsNothing) {
  DatabaseAndMirror pair;
  pair.run(
      "CREATE TABLE account (id int PRIMARY KEY, sum bigint NOT NULL);"
      "INSERT INTO account SELECT i, 0 FROM generate_series(1, 20) i;"
      // Without a key, so that a transaction applied twice shows.
      "CREATE TABLE ledger (account int, sum bigint); ALTER TABLE ledger REPLICA IDENTITY FULL");
  pair.program().start();
  ASSERT_TRUE(pair.becomes_same());
  EXPECT_EQ(pair.program().stop(), ProgramEnd{});
  pair.run(
      "DO $$ BEGIN FOR i IN 1..60000 LOOP UPDATE account SET sum = sum + i WHERE id = i % 20 + 1;"
      " INSERT INTO ledger VALUES (i % 20 + 1, i); COMMIT; END LOOP; END $$");
  const std::string begun = "catching up";
  std::size_t times = occurrences(pair.program().log(), begun);
  for (const auto after : {0ms, 30ms, 60ms, 120ms, 200ms, 300ms, 100ms, 40ms}) {
    pair.program().start();
    // Later ones find nothing left to catch up with.
    const bool again = eventually(5s, [&] { return occurrences(pair.program().log(), begun) > times; });
    if (again) let_time_pass(after);
    pair.program().kill();
    if (!again) break;
    ++times;
  }
  EXPECT_GE(times, 3U) << pair.program().log();
  pair.program().start();
  EXPECT_TRUE(pair.becomes_same());
  EXPECT_EQ(pair.program().command({"verify"}).end.exit_code, 0);
}

}  // namespace
}  // namespace pgmirror::tests
