// sqlite_oracle FIRST_SEED LAST_SEED TRANSACTIONS: random work in SQLite against what the decoder says of it.

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <exception>
#include <string>

#include "tests/oracle/oracle_run.hpp"
#include "tests/support/temporary_directory.hpp"

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: sqlite_oracle FIRST_SEED LAST_SEED TRANSACTIONS\n");
    return 64;
  }
  spdlog::set_level(spdlog::level::err);  // the columns that are left out on purpose would be named in every run
  const std::uint64_t first = std::stoull(argv[1]);
  const std::uint64_t last = std::stoull(argv[2]);
  const std::uint64_t transactions = std::stoull(argv[3]);
  if (last < first) {
    fmt::print(stderr, "sqlite_oracle: the last seed, {}, is before the first, {}\n", last, first);
    return 64;
  }
  pgmirror::tests::Coverage total;
  std::uint64_t failures = 0;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    try {
      const pgmirror::tests::TemporaryDirectory directory;
      total.add(pgmirror::tests::run_oracle(seed, transactions, directory.path()));
    } catch (const std::exception& error) {
      ++failures;
      fmt::print(stderr, "MISMATCH {}\n", error.what());
    }
  }
  fmt::print("{} seeds, {} failed; {}\n", last - first + 1, failures, total.text());
  return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
