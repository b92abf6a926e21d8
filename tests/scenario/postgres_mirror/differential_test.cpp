// differential_test [--minutes N] [--seed N]: half a minute without anything
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <charconv>
#include <iostream>
#include <string_view>

#include "tests/scenario/postgres_mirror/differential_workload.hpp"
#include "tests/scenario/postgres_mirror/mirrored_database.hpp"

namespace pgmirror::tests {

/// What the command line asks for.
struct DifferentialRun {
  std::chrono::seconds duration{30};
  std::uint64_t seed = 20261120;
};

static DifferentialRun& wanted() {
  static DifferentialRun run;
  return run;
}

namespace {

constexpr int transactions_between_checkpoints = 300;

/// An application's database, its mirror by pgmirror, and its replica by PostgreSQL's own logical replication.
class Differential : public testing::Test {
 protected:
  Differential() : workload_(wanted().seed) {
    pair_.run(DifferentialWorkload::schema());
    pqxx::connection there(connection_string(replica_));
    pqxx::nontransaction session(there);
    session.exec(DifferentialWorkload::schema());
    session.exec("TRUNCATE swapped");
    pair_.run("CREATE PUBLICATION native FOR TABLES IN SCHEMA public");
    session.exec(fmt::format("CREATE SUBSCRIPTION native CONNECTION {} PUBLICATION native",
                             session.quote(connection_string(pair_.source()))));
    // A replica refuses to truncate a table while one that refers to it is still being copied.
    const bool copied = eventually(60s, [&] {
      return session.exec("SELECT FROM pg_catalog.pg_subscription_rel WHERE srsubstate <> 'r'").empty();
    });
    if (!copied) throw std::runtime_error("native replica was not copied:\n" + replica_server_.log());
    pair_.program().start();
  }

  void at_replica(const std::string& sql) {
    pqxx::connection there(connection_string(replica_));
    pqxx::nontransaction(there).exec(sql);
  }

  void expect_all_the_same() {
    ASSERT_TRUE(pair_.becomes_same()) << "pgmirror, after " << transactions_ << " transactions";
    const auto native = eventually(60s, [&] { return same_database(pair_.source(), replica_); });
    ASSERT_TRUE(native) << "native, after " << transactions_ << " transactions\n" << replica_server_.log();
    ++checkpoints_;
  }

  void change_definition() {
    const auto change = workload_.definition();
    at_replica(change.subscriber);
    pair_.run(change.source);
    if (change.new_table) at_replica("ALTER SUBSCRIPTION native REFRESH PUBLICATION");
    ++definitions_;
  }

  void run_transactions(pqxx::connection& connection) {
    for (int i = 0; i < transactions_between_checkpoints; ++i) {
      pqxx::work transaction(connection);
      for (const auto& statement : workload_.transaction()) {
        transaction.exec(statement);
        ++statements_;
      }
      if (workload_.one_in(12)) {
        transaction.abort();
        ++rolled_back_;
      } else {
        transaction.commit();
        ++transactions_;
      }
      if (workload_.one_in(100)) change_definition();
    }
  }

  ThrowawayPostgres source_server_;
  ThrowawayPostgres replica_server_;
  ThrowawayPostgres mirror_server_;
  config::ConnectionSettings replica_ = replica_server_.create_database();
  DatabaseAndMirror pair_{source_server_, mirror_server_};
  DifferentialWorkload workload_;
  std::int64_t transactions_ = 0;
  std::int64_t statements_ = 0;
  int rolled_back_ = 0;
  int definitions_ = 0;
  int checkpoints_ = 0;
};

TEST_F(Differential, MirrorHoldsWhatANativeReplicaHolds) {
  pqxx::connection application(connection_string(pair_.source()));
  SCOPED_TRACE(fmt::format("seed {}", wanted().seed));
  const auto end = std::chrono::steady_clock::now() + wanted().duration;
  do {
    run_transactions(application);
    expect_all_the_same();
    if (HasFatalFailure()) return;
  } while (std::chrono::steady_clock::now() < end);
  EXPECT_EQ(pair_.program().log().find("were not as they had been left"), std::string::npos) << pair_.program().log();
  at_replica("DROP SUBSCRIPTION native");
  EXPECT_EQ(pair_.program().stop(), ProgramEnd{});
  std::cout << fmt::format(
      "seed {}: {} transactions of {} statements, {} rolled back, {} definitions changed; the same at {} checkpoints\n",
      wanted().seed, transactions_, statements_, rolled_back_, definitions_, checkpoints_);
}

}  // namespace
}  // namespace pgmirror::tests

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  auto& run = pgmirror::tests::wanted();
  bool understood = argc % 2 == 1;
  for (int i = 1; understood && i < argc; i += 2) {
    const std::string_view option(argv[i]);
    const std::string_view digits(argv[i + 1]);
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    understood = error == std::errc{} && end == digits.data() + digits.size();
    if (option == "--minutes") {
      run.duration = std::chrono::minutes{number};
    } else if (option == "--seed") {
      run.seed = number;
    } else {
      understood = false;
    }
  }
  if (!understood) {
    std::cerr << "usage: differential_test [--minutes N] [--seed N]\n";
    return 64;
  }
  return RUN_ALL_TESTS();
}
