// random_definitions_by_..._test [--seed N] [--seeds COUNT]
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <charconv>
#include <iostream>
#include <string_view>

#include "tests/scenario/postgres_mirror/capture_method.hpp"
#include "tests/scenario/postgres_mirror/mirrored_database.hpp"
#include "tests/scenario/postgres_mirror/random_definitions.hpp"
#include "tests/scenario/postgres_mirror/same_definitions.hpp"

namespace pgmirror::tests {

/// What the command line asks for.
struct Seeds {
  std::uint64_t first = 1;
  std::uint64_t count = 3;
};

static Seeds& wanted() {
  static Seeds seeds;
  return seeds;
}

namespace {

constexpr int transactions = 60;

/// One seed: an application that redefines its tables while the agent comes and goes.
class RandomRun {
 public:
  explicit RandomRun(std::uint64_t seed) : random_(seed) {
    choose_method(pair_.program());
    pair_.run(RandomDefinitions::schema());
    pair_.program().start();
  }

  /// A cluster has few slots, and the next seed needs one.
  ~RandomRun() {
    if (pair_.program().running()) pair_.program().kill();
    eventually(10s, [&] {
      try {
        pair_.run(
            "SELECT pg_catalog.pg_drop_replication_slot(slot_name) FROM pg_catalog.pg_replication_slots WHERE database "
            "= current_database()");
        return true;
      } catch (const pqxx::sql_error&) {
        return false;
      }
    });
  }
  RandomRun(const RandomRun&) = delete;
  RandomRun& operator=(const RandomRun&) = delete;

  testing::AssertionResult run() {
    pqxx::connection application(connection_string(pair_.source()));
    application.set_client_encoding("UTF8");
    for (int i = 1; i <= transactions; ++i) {
      transaction(application);
      if (random_.one_in(6)) maintain(application);
      if (random_.one_in(12)) come_or_go();
      if (random_.one_in(15)) {
        if (!pair_.program().running()) pair_.program().start();
        if (auto same = becomes_same(); !same) return same << "\nafter transaction " << i << history();
      }
    }
    if (!pair_.program().running()) pair_.program().start();
    if (auto same = becomes_same(); !same) return same << "\nat the end" << history();
    return testing::AssertionSuccess();
  }

 private:
  void transaction(pqxx::connection& application) {
    pqxx::work work(application);
    work.exec("SET LOCAL lock_timeout = '20s'");
    note("BEGIN");
    for (auto count = random_.between(1, 6); count > 0; --count) {
      const std::string statement = random_.statement(work);
      pqxx::subtransaction attempt(work);
      try {
        attempt.exec(statement);
        attempt.commit();
        note(statement);
      } catch (const pqxx::sql_error& refused) {
        note(fmt::format("-- refused: {}: {}", statement, refused.what()));
      }
    }
    if (random_.one_in(10)) {
      work.abort();
      note("ROLLBACK");
      return;
    }
    work.commit();
    note("COMMIT");
  }

  void maintain(pqxx::connection& application) {
    std::string statement;
    {
      pqxx::work work(application);
      statement = random_.maintenance(work);
    }
    try {
      pqxx::nontransaction(application).exec(statement);
      note(statement);
    } catch (const pqxx::sql_error& refused) {
      note(fmt::format("-- refused: {}: {}", statement, refused.what()));
    }
  }

  void come_or_go() {
    if (!pair_.program().running()) {
      note("-- agent starts");
      pair_.program().start();
    } else if (random_.one_in(2)) {
      note("-- agent is killed");
      pair_.program().kill();
    } else {
      note("-- agent is stopped");
      pair_.program().stop();
    }
  }

  testing::AssertionResult becomes_same() {
    note("-- compared");
    if (auto rows = pair_.becomes_same("public", {}, 40s); !rows) return rows;
    return eventually(15s, [&] { return same_definitions(pair_.source(), pair_.mirror()); });
  }

  void note(const std::string& line) { history_ += line + ";\n"; }
  std::string history() const { return fmt::format("\nhistory:\n{}\nlog:\n{}", history_, pair_log()); }
  std::string pair_log() const { return pair_.program().log(); }

  RandomDefinitions random_;
  mutable DatabaseAndMirror pair_{source_server(), shared_postgres()};
  std::string history_;
};

TEST(RandomDefinitions, AreFollowedWhateverComes) {
  for (std::uint64_t seed = wanted().first; seed < wanted().first + wanted().count; ++seed) {
    RandomRun run(seed);
    EXPECT_TRUE(run.run()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace pgmirror::tests

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  auto& seeds = pgmirror::tests::wanted();
  bool understood = argc % 2 == 1;
  for (int i = 1; understood && i < argc; i += 2) {
    const std::string_view option(argv[i]);
    const std::string_view digits(argv[i + 1]);
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    understood = error == std::errc{} && end == digits.data() + digits.size();
    if (option == "--seed") {
      seeds.first = number;
    } else if (option == "--seeds") {
      seeds.count = number;
    } else {
      understood = false;
    }
  }
  if (!understood) {
    std::cerr << "usage: " << argv[0] << " [--seed N] [--seeds COUNT]\n";
    return 64;
  }
  return RUN_ALL_TESTS();
}
